import KilterVocabulary

/// What tokens cost, by model and date. A value: reading price files is the engine's, looking up is the decoders'.
///
/// A name is looked up once (`quote`, which allocates) and remembered; what a quote says at an instant (`rate`) is a
/// walk over the few rows of one model. Prices of batch, flex and priority tiers are not in it.
public struct PriceList: Sendable, Equatable {
    /// Microdollars per million tokens, which are picodollars per token. Nil: the row does not say.
    public struct Rate: BitwiseCopyable, Sendable, Equatable {
        public var input: UInt64?
        public var output: UInt64?
        /// Input read from the provider's cache; where nobody says, it costs what input costs.
        public var cacheRead: UInt64?
        /// Input written to the provider's cache; where nobody says, it costs what input costs.
        public var cacheWrite: UInt64?
        /// Output that was thought and not shown; where nobody says, it costs what output costs.
        public var reasoning: UInt64?

        public init(
            input: UInt64? = nil, output: UInt64? = nil, cacheRead: UInt64? = nil, cacheWrite: UInt64? = nil,
            reasoning: UInt64? = nil
        ) {
            self.input = input
            self.output = output
            self.cacheRead = cacheRead
            self.cacheWrite = cacheWrite
            self.reasoning = reasoning
        }

        /// This rate, with what it does not say taken from `other`.
        func completed(by other: Rate?) -> Rate {
            guard let other else { return self }
            return Rate(
                input: input ?? other.input, output: output ?? other.output, cacheRead: cacheRead ?? other.cacheRead,
                cacheWrite: cacheWrite ?? other.cacheWrite, reasoning: reasoning ?? other.reasoning)
        }
    }

    /// A rate and when it holds.
    public struct Row: BitwiseCopyable, Sendable, Equatable {
        /// Holds for spans that end then or later, until a later row of the same model takes over.
        public var from: EventTime
        /// Holds for requests of more input tokens than this, for all of their tokens; zero is any request.
        public var aboveTokens: UInt64
        public var rate: Rate

        public init(from: EventTime = .zero, aboveTokens: UInt64 = 0, rate: Rate) {
            self.from = from
            self.aboveTokens = aboveTokens
            self.rate = rate
        }
    }

    /// Who sells at a price.
    public enum Seller: Sendable, Equatable {
        /// Who made the model: the price holds at the providers named, and at any that the list does not know better.
        case maker(providers: [String])
        /// Somebody who runs models of others: the price holds at the providers named, and nowhere else.
        case host(providers: [String])

        public var providers: [String] {
            switch self {
            case .maker(let providers), .host(let providers): providers
            }
        }
    }

    /// All rows of one model at one seller.
    public struct Model: Sendable, Equatable {
        /// Its name and what else it is called, without dates (`ModelName` says which endings count as dates).
        public var names: [String]
        public var seller: Seller
        public var rows: [Row]

        public init(names: [String], seller: Seller, rows: [Row]) {
            self.names = names
            self.seller = seller
            self.rows = rows.sorted { ($0.from, $0.aboveTokens) < ($1.from, $1.aboveTokens) }
        }
    }

    /// Where the rows of one name stand. Meaningful only to the list that made it.
    public struct Quote: BitwiseCopyable, Sendable, Equatable {
        var own: Int32 = -1
        var shipped: Int32 = -1

        /// Nobody sells a model of that name.
        public var isEmpty: Bool { own < 0 && shipped < 0 }
    }

    /// One reference, so that handing the list on costs one count.
    private final class Table: Sendable {
        let shipped: [Model]
        let own: [Model]
        let shippedByName: [String: [Int]]
        let ownByName: [String: [Int]]
        /// Of `own`, those named by a pattern, the most telling first.
        let patterns: [Int]

        init(shipped: [Model], own: [Model]) {
            self.shipped = shipped
            self.own = own
            shippedByName = PriceList.byName(shipped)
            ownByName = PriceList.byName(own)
            func letters(_ index: Int) -> Int { own[index].names.reduce(0) { max($0, Glob.literalCharacters($1)) } }
            patterns = own.indices.filter { own[$0].names.contains(where: Glob.isPattern) }
                .sorted { (letters($1), $0) < (letters($0), $1) }
        }
    }

    private let table: Table

    /// - Parameters:
    ///   - shipped: models by their names.
    ///   - own: the user's, whose rows win; a name with `*` or `?` is a pattern.
    public init(shipped: [Model] = [], own: [Model] = []) { table = Table(shipped: shipped, own: own) }

    public var shipped: [Model] { table.shipped }
    public var own: [Model] { table.own }
    public var isEmpty: Bool { table.shipped.isEmpty && table.own.isEmpty }

    public static func == (a: PriceList, b: PriceList) -> Bool {
        a.table === b.table || a.shipped == b.shipped && a.own == b.own
    }

    private static func byName(_ models: [Model]) -> [String: [Int]] {
        var result: [String: [Int]] = [:]
        for (index, model) in models.enumerated() {
            for name in Set(model.names.map(ModelName.folded)) { result[name, default: []].append(index) }
        }
        return result
    }

    // MARK: Look-up

    /// Finds the rows of a model as a producer named it.
    /// - Parameter provider: canonical name of the provider; empty when unknown.
    public func quote(model: String, provider: String) -> Quote {
        var quote = Quote()
        let readings = ModelName.readings(of: model)
        for reading in readings where quote.own < 0 {
            quote.own = Int32(clamping: best(own, table.ownByName[reading.name] ?? [], reading, provider) ?? -1)
        }
        if quote.own < 0, let match = pattern(readings, provider) { quote.own = Int32(clamping: match) }
        for reading in readings where quote.shipped < 0 {
            quote.shipped = Int32(clamping: best(shipped, table.shippedByName[reading.name] ?? [], reading, provider) ?? -1)
        }
        return quote
    }

    /// Of models of the same name, the one that the provider sells, else the one of the maker.
    private func best(_ models: [Model], _ among: [Int], _ reading: ModelName.Reading, _ provider: String) -> Int? {
        let wanted = reading.provider.isEmpty ? provider : reading.provider
        if let sold = among.first(where: { models[$0].seller.providers.contains(wanted) }) { return sold }
        if Self.atHome.contains(wanted) { return nil }
        return among.first {
            guard case .maker(let providers) = models[$0].seller else { return false }
            // A name that says whom it was bought from is bought from nobody else.
            return reading.provider.isEmpty || providers.isEmpty
        }
    }

    /// Providers that run models on the user's own machines: nobody's price holds there but the user's.
    private static let atHome: Set<String> = ["ollama", "vllm", "lmstudio", "llama.cpp", "llamacpp", "localai", "sglang", "tgi", "local"]

    private func pattern(_ readings: [ModelName.Reading], _ provider: String) -> Int? {
        for index in table.patterns {
            let globs = own[index].names.map(ModelName.folded)
            for reading in readings where globs.contains(where: { Glob.matches($0, reading.name) }) {
                if let match = best(own, [index], reading, provider) { return match }
            }
        }
        return nil
    }

    /// What a quote says for a span that ends at `time` and sent `inputTokens` (those from the cache included).
    public func rate(_ quote: Quote, at time: EventTime, inputTokens: UInt64) -> Rate? {
        let base = quote.shipped < 0 ? nil : Self.rate(table.shipped[Int(quote.shipped)].rows, time, inputTokens)
        guard quote.own >= 0, let first = Self.rate(table.own[Int(quote.own)].rows, time, inputTokens) else { return base }
        return first.completed(by: base)
    }

    private static func rate(_ rows: [Row], _ time: EventTime, _ inputTokens: UInt64) -> Rate? {
        var found: Row?
        for row in rows {
            if row.from > time { break }
            if row.from != found?.from { found = nil }
            if row.aboveTokens == 0 || inputTokens > row.aboveTokens { found = row }
        }
        return found?.rate
    }
}

extension PriceList.Rate {
    /// What the tokens of one request cost, in picodollars (millionths of a microdollar): exact, saturating. Nil when
    /// there are tokens of a kind that nobody says the price of.
    ///
    /// - Parameters:
    ///   - inputTokens: all that was sent, with what came from the cache and what was written to it.
    ///   - outputTokens: all that came back, with what was thought and not shown.
    public func cost(
        inputTokens: UInt64, cacheReadTokens: UInt64, cacheWriteTokens: UInt64, outputTokens: UInt64, reasoningTokens: UInt64
    ) -> UInt64? {
        let cached = cacheReadTokens.addingReportingOverflow(cacheWriteTokens)
        let plain = cached.overflow || cached.partialValue > inputTokens ? 0 : inputTokens - cached.partialValue
        let shown = reasoningTokens > outputTokens ? 0 : outputTokens - reasoningTokens
        var sum = Sum()
        sum.add(plain, input)
        sum.add(cacheReadTokens, cacheRead ?? input)
        sum.add(cacheWriteTokens, cacheWrite ?? input)
        sum.add(shown, output)
        sum.add(reasoningTokens, reasoning ?? output)
        return sum.total
    }

    private struct Sum {
        /// Nil once a price was missing.
        var total: UInt64? = 0

        mutating func add(_ tokens: UInt64, _ price: UInt64?) {
            guard tokens > 0, let before = total else { return }
            guard let price else { return total = nil }
            let (product, isTooLarge) = tokens.multipliedReportingOverflow(by: price)
            let (sum, carried) = before.addingReportingOverflow(product)
            total = isTooLarge || carried ? .max : sum
        }
    }
}
