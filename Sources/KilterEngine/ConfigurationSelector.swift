import KilterVocabulary

extension Configuration {
    /// For whom an override holds: globs over the subject's names, all of which must match.
    public struct Selector: Sendable, Equatable {
        /// Narrowest last: between overrides with as many keys, the narrower key wins.
        public enum Key: String, CaseIterable, Sendable {
            case tenant, environment, service, workflow, agent, model, tool

            /// This build knows it of an agent.
            public var isOfAgent: Bool {
                switch self {
                case .tenant, .environment, .service, .agent: true
                case .workflow, .model, .tool: false
                }
            }
        }

        public struct Pattern: Sendable, Equatable {
            public var key: Key
            /// `*` stands for any text, `?` for one character, everything else for itself.
            public var glob: String
        }

        /// In the order of the keys; none matches everything.
        public private(set) var patterns: [Pattern]

        public init(_ patterns: [Key: String] = [:]) {
            self.patterns = Key.allCases.compactMap { key in patterns[key].map { Pattern(key: key, glob: $0) } }
        }

        public var isEmpty: Bool { patterns.isEmpty }

        /// A name that is not known matches `*` alone.
        public func matches(_ name: (Key) -> String?) -> Bool {
            patterns.allSatisfy { Glob.matches($0.glob, name($0.key) ?? "") }
        }

        /// Orders selections: more keys with text of their own, then the narrowest of them, then more text.
        public var specificity: Specificity {
            let telling =
                patterns
                .map { (key: $0.key, characters: Glob.literalCharacters($0.glob)) }
                .filter { $0.characters > 0 }
            return Specificity(
                keys: telling.count,
                narrowest: telling.compactMap { Key.allCases.firstIndex(of: $0.key) }.max() ?? -1,
                characters: telling.reduce(0) { $0 + $1.characters })
        }
    }

    public struct Specificity: Sendable, Comparable {
        var keys: Int
        var narrowest: Int
        var characters: Int

        public static func < (a: Self, b: Self) -> Bool {
            (a.keys, a.narrowest, a.characters) < (b.keys, b.narrowest, b.characters)
        }
    }
}
