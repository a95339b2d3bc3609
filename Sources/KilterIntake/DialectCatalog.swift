/// The attribute keys that this build understands, each with the name of the field it fills: for tables and tests.
package enum DialectCatalog {
    package static var fields: [(key: String, field: String)] {
        Dialects.aliases.map { ($0.key.description, String(describing: $0.field)) }
    }
}
