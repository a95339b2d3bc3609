import KilterIntake
import KilterModels
import KilterVocabulary

extension Configuration {
    /// What one model costs, as a user says it.
    public struct Price: Sendable, Equatable {
        /// A name without its date, or a pattern.
        public var model = ""
        /// Nil is any.
        public var provider: String?
        public var from = EventTime.zero
        /// For requests of more input tokens than this.
        public var aboveTokens: UInt64 = 0
        public var rate = PriceList.Rate()
    }

    /// Prices that ship beside the engine. No value of the user's: two configurations are equal whatever ships.
    struct ShippedPrices: Sendable, Equatable {
        var models: [PriceList.Model] = []

        static func == (a: Self, b: Self) -> Bool { true }

        /// Read once: what is bundled does not change while the program runs.
        private static let bundled = Result { () throws(ConfigurationError) in try read(.bundled) }

        static func of(_ models: Models) throws(ConfigurationError) -> ShippedPrices {
            models.directory == Models.bundled.directory ? try bundled.get() : try read(models)
        }

        private static func read(_ models: Models) throws(ConfigurationError) -> ShippedPrices {
            var shipped = ShippedPrices()
            for file in models.priceFiles { shipped.models += try PriceSheet.parse(file.text, file: file.path).models }
            return shipped
        }
    }

    /// All prices: those that ship, under the user's own.
    public var priceList: PriceList {
        var own: [PriceList.Model] = []
        for price in prices {
            let seller = PriceList.Seller.of(price.provider)
            let row = PriceList.Row(from: price.from, aboveTokens: price.aboveTokens, rate: price.rate)
            if let index = own.firstIndex(where: { $0.names == [price.model] && $0.seller == seller }) {
                own[index] = PriceList.Model(names: [price.model], seller: seller, rows: own[index].rows + [row])
            } else {
                own.append(PriceList.Model(names: [price.model], seller: seller, rows: [row]))
            }
        }
        return PriceList(shipped: shipped.models, own: own)
    }
}

extension PriceList.Seller {
    /// A price of the user's own holds at one provider, or wherever a model of that name is bought.
    fileprivate static func of(_ provider: String?) -> PriceList.Seller {
        provider.map { .host(providers: [$0]) } ?? .maker(providers: [])
    }
}

extension ConfigurationParser {
    private static let rates = ["input", "output", "cache_read", "cache_write", "reasoning"]

    mutating func readPrices(_ field: ConfigurationField) {
        guard let elements = reader.elements(field, of: "prices") else { return }
        for element in elements {
            guard let price = readPrice(element) else { continue }
            let isSaid = result.prices.contains {
                ($0.model, $0.provider, $0.from, $0.aboveTokens) == (price.model, price.provider, price.from, price.aboveTokens)
            }
            if isSaid { reader.fail(element, "`\(price.model)` has a price from then on already") }
            result.prices.append(price)
        }
    }

    private mutating func readPrice(_ field: ConfigurationField) -> Configuration.Price? {
        let keys = ["model", "provider", "from", "above"] + Self.rates
        guard let entries = reader.entries(field, keys, required: ["model"]) else { return nil }
        var price = Configuration.Price()
        if let model = entries["model"] { price.model = reader.text(model, "the name of a model") ?? "" }
        if let provider = entries["provider"] { price.provider = reader.text(provider, "the name of a provider") }
        if let from = entries["from"] { price.from = reader.day(from) ?? price.from }
        if let above = entries["above"] { price.aboveTokens = reader.tokens(above) ?? 0 }
        if let input = entries["input"] { price.rate.input = readRate(input) }
        if let output = entries["output"] { price.rate.output = readRate(output) }
        if let read = entries["cache_read"] { price.rate.cacheRead = readRate(read) }
        if let write = entries["cache_write"] { price.rate.cacheWrite = readRate(write) }
        if let reasoning = entries["reasoning"] { price.rate.reasoning = readRate(reasoning) }
        if entries.lacks("input", "output", "cache_read", "cache_write", "reasoning") { reader.fail(field, "gives no price") }
        return price
    }

    /// The most that a million tokens may cost, in microdollars: a million dollars. More is a mistake of unit.
    private static let rateMax: UInt64 = 1_000_000_000_000

    private mutating func readRate(_ field: ConfigurationField) -> UInt64? {
        guard let rate = reader.money(field) else { return nil }
        if rate > Self.rateMax { reader.fail(field, "more than $1000000 per million tokens; prices are per million tokens") }
        return rate
    }
}

extension ConfigurationReader {
    /// A day, which begins at midnight UTC, or a time.
    mutating func day(_ field: ConfigurationField) -> EventTime? {
        quantity(field, "a day such as `2026-11-21`, or a time") { text throws(QuantityError) in
            if let midnight = WrittenTime.nanoseconds(text + "T00:00:00Z") { return EventTime(nanoseconds: midnight) }
            guard let time = WrittenTime.nanoseconds(text) else {
                throw QuantityError(message: "`\(text)` is no day; expected one such as `2026-11-21`, or a time of RFC 3339")
            }
            return EventTime(nanoseconds: time)
        }
    }

    mutating func tokens(_ field: ConfigurationField) -> UInt64? {
        quantity(field, "a number of tokens such as `200k tokens`", WrittenQuantity.tokens)
    }
}
