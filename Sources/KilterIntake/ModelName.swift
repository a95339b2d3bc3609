/// How producers write the name of a model: with the road it was reached by in front (`anthropic/…`,
/// `us.anthropic.…-v1:0`, `models/…`, `publishers/google/models/…`) and with the snapshot behind (`-2026-05-14`,
/// `@20250929`, `-latest`).
///
/// A name never stands for a longer one: only endings that say a snapshot are taken off, so that a price for `gpt-5`
/// says nothing of `gpt-5-mini`.
enum ModelName {
    /// One way of reading a name.
    struct Reading: Equatable {
        var name: String
        /// Whom the name itself says it was bought from; empty when it does not say.
        var provider = ""
    }

    /// Endings are taken off one after another, at most so many.
    private static let endingsMax = 4

    /// All readings, the most literal first: a longer declared name is found before a shorter one.
    static func readings(of name: String) -> [Reading] {
        var readings: [Reading] = []
        for road in roads(folded(name)) {
            readings.append(road)
            var rest = road.name[...]
            for _ in 0..<endingsMax {
                guard let shorter = withoutEnding(rest), !shorter.isEmpty else { break }
                readings.append(Reading(name: String(shorter), provider: road.provider))
                rest = shorter
            }
        }
        return readings
    }

    /// ASCII letters in lower case: producers do not agree on it.
    static func folded(_ name: String) -> String {
        String(decoding: name.utf8.map(lowered), as: UTF8.self)
    }

    // MARK: In front

    /// Names in front of a slash and whom they are; an empty one is a gateway, which passes prices on.
    private static let routes: [(name: String, provider: String)] = [
        ("openai", "openai"), ("anthropic", "anthropic"), ("azure", "azure.ai.openai"), ("azure_ai", "azure.ai.inference"),
        ("google", "gcp.gen_ai"), ("gemini", "gcp.gemini"), ("vertex_ai", "gcp.vertex_ai"), ("bedrock", "aws.bedrock"),
        ("amazon", "aws.bedrock"), ("mistral", "mistral_ai"), ("mistralai", "mistral_ai"), ("deepseek", "deepseek"),
        ("deepseek-ai", "deepseek"), ("xai", "x_ai"), ("x-ai", "x_ai"), ("cohere", "cohere"), ("groq", "groq"),
        ("moonshot", "moonshot_ai"), ("moonshotai", "moonshot_ai"), ("dashscope", "dashscope"), ("qwen", "dashscope"),
        ("fireworks", "fireworks_ai"), ("fireworks_ai", "fireworks_ai"), ("together", "together_ai"),
        ("together_ai", "together_ai"), ("perplexity", "perplexity"), ("converse", "aws.bedrock"),
        ("models", ""), ("openrouter", ""), ("litellm", ""), ("litellm_proxy", ""), ("~google", "gcp.gen_ai"),
    ]

    /// Regions in front of Bedrock's names, and the makers whose names it writes with a dot.
    private static let regions = ["us.", "eu.", "apac.", "global.", "us-gov.", "jp.", "au.", "ca."]
    private static let makers = [
        "anthropic.", "amazon.", "meta.", "mistral.", "cohere.", "ai21.", "deepseek.", "qwen.", "openai.", "moonshot.",
    ]

    private static func roads(_ name: String) -> [Reading] {
        var roads = [Reading(name: name, provider: "")]
        var rest = name[...]
        var provider = ""
        while let slash = rest.firstIndex(of: "/") {
            guard let (after, seller) = behind(slash, rest) else { break }
            rest = after
            if !seller.isEmpty { provider = seller }
            roads.append(Reading(name: String(rest), provider: provider))
        }
        return roads + bedrock(rest)
    }

    /// What stands behind the first part of a path, and whom that part says.
    private static func behind(_ slash: Substring.Index, _ path: Substring) -> (Substring, String)? {
        let first = path[..<slash]
        let rest = path[path.index(after: slash)...]
        if first.hasPrefix("arn:aws") || first.hasPrefix("arn%3aaws") { return (rest, "aws.bedrock") }
        if ["projects", "publishers", "accounts"].contains(first) {
            let parts = path.split(separator: "/")
            guard let models = parts.firstIndex(of: "models"), models > 0, models + 1 < parts.count else { return nil }
            let name = parts[(models + 1)...].joined(separator: "/")[...]
            return (name, first == "accounts" ? route(parts[models - 1]) ?? "" : "gcp.vertex_ai")
        }
        return route(first).map { (rest, $0) }
    }

    private static func route(_ name: Substring) -> String? { routes.first { $0.name == name }?.provider }

    /// Bedrock writes `anthropic.claude-…` or `us.anthropic.claude-…`: a region that may have prices of its own, then
    /// the maker. Claude is sold there at its maker's prices, so it is read by its own name, too.
    private static func bedrock(_ name: Substring) -> [Reading] {
        var rest = name
        let region = regions.first { rest.hasPrefix($0) }
        if let region { rest = rest.dropFirst(region.count) }
        guard let maker = makers.first(where: { rest.hasPrefix($0) }) else { return [] }
        var readings = [Reading(name: String(name), provider: "aws.bedrock")]
        if region != nil { readings.append(Reading(name: String(rest), provider: "aws.bedrock")) }
        if maker == "anthropic." { readings.append(Reading(name: String(rest.dropFirst(maker.count)), provider: "aws.bedrock")) }
        return readings
    }

    // MARK: Behind

    private static let words = ["-latest", "-preview", "@latest", "@default", "[1m]"]

    /// The name without the last ending that says a snapshot; nil when it has none.
    static func withoutEnding(_ name: Substring) -> Substring? {
        for word in words where name.hasSuffix(word) { return name.dropLast(word.count) }
        let bytes = Array(name.utf8)
        for ending in [Ending.revision, .isoDate, .compactDate, .monthYear, .monthDay, .fourDigits, .number] {
            if let length = ending.length(bytes) { return name.dropLast(length) }
        }
        return nil
    }

    /// Kinds of snapshot in figures.
    private enum Ending {
        /// `-v1:0`, or `-v1` alone
        case revision
        /// `-2026-05-14`
        case isoDate
        /// `-20250929`, `@20250929`
        case compactDate
        /// `-08-2024`
        case monthYear
        /// `-05-06`
        case monthDay
        /// `-0613` (month and day), `-2411` (year and month)
        case fourDigits
        /// `-001`, `@002`
        case number

        /// Bytes of this ending at the end of `name`, which are ASCII; nil when it is another.
        func length(_ name: [UInt8]) -> Int? {
            switch self {
            case .revision: fits(name, "-v0:0") ? 5 : fits(name, "-v0") && name.last == UInt8(ascii: "1") ? 3 : nil
            case .isoDate: fits(name, "-0000-00-00") && isDate(name, year: 10, month: 5, day: 2) ? 11 : nil
            case .compactDate:
                (fits(name, "-00000000") || fits(name, "@00000000")) && isDate(name, year: 8, month: 4, day: 2) ? 9 : nil
            case .monthYear: fits(name, "-00-0000") && isMonth(name, 7) && isYear(name, 4) ? 8 : nil
            case .monthDay: fits(name, "-00-00") && isMonth(name, 5) && isDay(name, 2) ? 6 : nil
            case .fourDigits:
                fits(name, "-0000") && (isMonth(name, 4) && isDay(name, 2) || isRecent(name, 4) && isMonth(name, 2)) ? 5 : nil
            case .number:
                (fits(name, "-000") || fits(name, "@000")) && number(name, 3, 3) < 10 ? 4 : nil
            }
        }

        /// The end of `name` looks like `form`, in which `0` is any figure.
        private func fits(_ name: [UInt8], _ form: StaticString) -> Bool {
            let count = form.utf8CodeUnitCount
            guard name.count > count else { return false }
            for index in 0..<count {
                let wanted = form.utf8Start[index], given = name[name.count - count + index]
                if wanted == 0x30 ? given < 0x30 || given > 0x39 : given != wanted { return false }
            }
            return true
        }

        /// The number that `digits` figures make, the first of them `fromEnd` bytes before the end.
        private func number(_ name: [UInt8], _ fromEnd: Int, _ digits: Int) -> Int {
            name[(name.count - fromEnd)..<(name.count - fromEnd + digits)].reduce(0) { $0 * 10 + Int($1) - 0x30 }
        }

        private func isDate(_ name: [UInt8], year: Int, month: Int, day: Int) -> Bool {
            isYear(name, year) && isMonth(name, month) && isDay(name, day)
        }

        private func isYear(_ name: [UInt8], _ fromEnd: Int) -> Bool { (2020..<2050).contains(number(name, fromEnd, 4)) }
        private func isRecent(_ name: [UInt8], _ fromEnd: Int) -> Bool { (20..<50).contains(number(name, fromEnd, 2)) }
        private func isMonth(_ name: [UInt8], _ fromEnd: Int) -> Bool { (1...12).contains(number(name, fromEnd, 2)) }
        private func isDay(_ name: [UInt8], _ fromEnd: Int) -> Bool { (1...31).contains(number(name, fromEnd, 2)) }
    }
}
