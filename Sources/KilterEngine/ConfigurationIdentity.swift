import KilterIntake
import KilterVocabulary

extension Configuration {
    /// Which attributes name agents, tenants and what else identifies them, and which spellings mean one name.
    public struct Identity: Sendable, Equatable {
        public typealias Part = IdentityRules.Part

        /// What holds for some services, or for all.
        public struct Rule: Sendable, Equatable {
            public var selector = Selector()
            /// Attributes in order of precedence; a part that is missing is left to wider rules.
            public var attributes: [Part: [String]] = [:]
            public var aliases: [Part: [IdentityRules.Alias]] = [:]
        }

        /// For all services; every part is there.
        public var base = Rule(attributes: published)
        /// For some, in file order.
        public var rules: [Rule] = []

        /// What the dialects look at first. Written in a file, these lists leave a part to the dialects.
        public static let published: [Part: [String]] = [
            .agent: ["gen_ai.agent.name"], .tenant: ["kilter.tenant"], .department: ["kilter.department"],
            .version: ["kilter.version"], .environment: ["deployment.environment.name"],
            .conversation: ["gen_ai.conversation.id"], .workflow: ["kilter.workflow"],
        ]

        public init() {}

        /// The same in terms of the decoders: the most specific rule first, among equals the later in the file.
        public var forDecoders: IdentityRules {
            let ordered = rules.enumerated()
                .sorted { ($1.element.selector.specificity, $1.offset) < ($0.element.selector.specificity, $0.offset) }
                .map(\.element)
            let all = (ordered + [base]).map { rule in
                let attributes = Part.allCases.compactMap { part in
                    rule.attributes[part].map { (part, $0 == Self.published[part] ? [] : $0) }
                }
                return IdentityRules.Rule(
                    service: rule.selector.patterns.first?.glob ?? "*",
                    attributes: Dictionary(uniqueKeysWithValues: attributes), aliases: rule.aliases)
            }
            let isPlain = all.allSatisfy { rule in
                rule.aliases.values.allSatisfy(\.isEmpty) && rule.attributes.values.allSatisfy(\.isEmpty)
            }
            return IdentityRules(isPlain ? [] : all)
        }
    }
}

/// The section `identity`: one rule, or a list of rules; each for all services or, with `for`, for some.
extension ConfigurationParser {
    private static let rulesMax = 256
    private static let aliasesMax = 4_096

    mutating func readIdentity(_ field: ConfigurationField) {
        if case .sequence = field.node {
            for element in reader.elements(field, of: "rules") ?? [] {
                guard let rule = readIdentityRule(element) else { continue }
                if rule.attributes.isEmpty && rule.aliases.isEmpty { reader.fail(element, "names no attribute and no alias") }
                add(rule)
            }
        } else if let rule = readIdentityRule(field) {
            add(rule)
        }
        checkIdentity(field)
    }

    /// Nil when the rule is wrong in a way that says nothing about what it was to hold.
    private mutating func readIdentityRule(_ field: ConfigurationField) -> Configuration.Identity.Rule? {
        let parts = IdentityRules.Part.allCases
        let problems = reader.problems.count
        guard let entries = reader.entries(field, parts.map(\.rawValue) + ["aliases", "for"]) else { return nil }
        var rule = Configuration.Identity.Rule()
        if let selection = entries["for"] { rule.selector = readService(selection) }
        for part in parts {
            guard let entry = entries[part.rawValue], let names = readAttributeNames(entry) else { continue }
            rule.attributes[part] = names
        }
        if let aliases = entries["aliases"] { readAliases(aliases, into: &rule) }
        return reader.problems.count == problems ? rule : nil
    }

    /// What holds for everybody becomes part of the base; the rest is kept in file order.
    private mutating func add(_ rule: Configuration.Identity.Rule) {
        guard rule.selector.isEmpty else { return result.identity.rules.append(rule) }
        for part in IdentityRules.Part.allCases {
            if let names = rule.attributes[part] { result.identity.base.attributes[part] = names }
            if let aliases = rule.aliases[part] { result.identity.base.aliases[part, default: []] += aliases }
        }
    }

    /// Who sent a record is known by its service alone before the rest of its identity is.
    private mutating func readService(_ field: ConfigurationField) -> Configuration.Selector {
        guard let entries = reader.entries(field, ["service"]) else { return Configuration.Selector() }
        guard let service = entries["service"] else {
            if entries.isWhole { reader.fail(field, "names nobody; leave `for` out to mean everybody") }
            return Configuration.Selector()
        }
        return Configuration.Selector([.service: reader.text(service, "a name or a pattern with `*` and `?`") ?? "*"])
    }

    private mutating func readAttributeNames(_ field: ConfigurationField) -> [String]? {
        guard let names = reader.someTexts(field, of: "attribute names") else { return nil }
        if names.count > IdentityRules.namesMax {
            reader.fail(field, "\(names.count) attribute names; expected at most \(IdentityRules.namesMax)")
        }
        if let long = names.first(where: { $0.utf8.count > Limits.nameBytesMax }) {
            reader.fail(field, "`\(long.prefix(80))` is longer than \(Limits.nameBytesMax) bytes")
        }
        var seen: Set<String> = []
        if let twice = names.first(where: { !seen.insert($0).inserted }) { reader.fail(field, "`\(twice)` is listed twice") }
        return names
    }

    // MARK: Aliases

    private mutating func readAliases(_ field: ConfigurationField, into rule: inout Configuration.Identity.Rule) {
        let parts = IdentityRules.Part.allCases
        guard let entries = reader.entries(field, parts.map(\.rawValue)) else { return }
        if entries.isWhole && entries.fields.isEmpty { reader.fail(field, "gives no alias") }
        for part in parts {
            guard let entry = entries[part.rawValue] else { continue }
            guard let pairs = reader.pairs(entry, "spellings and the names they mean") else { continue }
            rule.aliases[part] = pairs.compactMap { spelling, name in
                reader.text(name, "a name").map { IdentityRules.Alias(spelling, $0) }
            }
        }
    }

    private mutating func checkIdentity(_ field: ConfigurationField) {
        let all = result.identity.rules + [result.identity.base]
        let aliases = all.reduce(0) { $0 + $1.aliases.values.reduce(0) { $0 + $1.count } }
        let names = Set(all.flatMap { $0.attributes.values.joined() })
        if all.count > Self.rulesMax { reader.fail(field, "\(all.count) rules; expected at most \(Self.rulesMax)") }
        if aliases > Self.aliasesMax { reader.fail(field, "\(aliases) aliases; expected at most \(Self.aliasesMax)") }
        if names.count > IdentityRules.attributesMax {
            reader.fail(field, "\(names.count) attribute names in all; expected at most \(IdentityRules.attributesMax)")
        }
    }
}
