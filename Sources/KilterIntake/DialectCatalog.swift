/// The attribute keys that this build understands: for tables and tests.
package enum DialectCatalog {
    package static var keys: [String] { Dialects.aliases.map(\.key.description) }
}
