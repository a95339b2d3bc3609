/// The attribute keys that this build understands: for tables and tests.
package enum DialectCatalog {
    package static var keys: [String] { Dialects.aliases.map(\.key.description) }

    /// What a key fills, and with which precedence there: the smaller wins.
    package struct Place: Sendable {
        package let key: String
        package let field: String
        package let rank: Int
        /// A name without any prefix, which only its own producer's records may use.
        package let isBare: Bool
    }

    package static var places: [Place] {
        Dialects.aliases.map {
            Place(
                key: $0.key.description, field: "\($0.field)", rank: Int($0.rank),
                isBare: $0.rank == Rank.bare || $0.rank == Rank.bareOfEvents)
        }
    }
}
