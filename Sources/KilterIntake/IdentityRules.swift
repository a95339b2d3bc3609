/// Which attributes name agents, tenants and what else identifies them beyond those the dialects know, and which
/// spellings of these names mean one.
public struct IdentityRules: Sendable, Equatable {
    /// What can be told by configured attributes.
    public enum Part: String, Sendable, CaseIterable {
        case agent, tenant, department, version, environment, conversation, workflow

        var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// What holds for the services whose name matches a pattern.
    public struct Rule: Sendable, Equatable {
        /// `*` stands for any text, `?` for one character.
        public var service: String
        /// Names of span or resource attributes; the first found wins over everything the dialects know. A part that
        /// is missing here is told by the next rule; an empty list leaves it to the dialects.
        public var attributes: [Part: [String]]
        /// A rule without any leaves spellings to the next one.
        public var aliases: [Part: [Alias]]

        public init(service: String = "*", attributes: [Part: [String]] = [:], aliases: [Part: [Alias]] = [:]) {
            self.service = service
            self.attributes = attributes
            self.aliases = aliases
        }
    }

    /// A spelling, or a pattern of spellings, and the name that it means.
    public struct Alias: Sendable, Equatable {
        public var spelling: String
        public var name: String

        public init(_ spelling: String, _ name: String) {
            self.spelling = spelling
            self.name = name
        }
    }

    /// Attributes of one part in one rule that are looked at.
    public static let namesMax = 16
    /// Distinct attributes in all rules that are looked at.
    public static let attributesMax = 256

    /// In order of precedence: for each part, the first rule counts that matches the service and tells it.
    public var rules: [Rule]

    public init(_ rules: [Rule] = []) { self.rules = rules }

    /// The distinct attributes, in the order of the rules.
    var attributeNames: [String] {
        var seen: Set<String> = []
        var names: [String] = []
        for rule in rules {
            for part in Part.allCases {
                for name in (rule.attributes[part] ?? []).prefix(Self.namesMax) where seen.insert(name).inserted {
                    names.append(name)
                }
            }
        }
        return Array(names.prefix(Self.attributesMax))
    }
}
