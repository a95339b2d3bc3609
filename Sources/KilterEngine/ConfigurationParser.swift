import KilterModels
import KilterVocabulary

/// Reads a configuration file from top to bottom of the contract's section 8.
struct ConfigurationParser {
    /// The keys of the file, in the order of the contract.
    static let keys = [
        "instance", "profile", "false_alarms", "content", "identity", "tools", "detectors", "budgets", "breakers",
        "policy", "kpis", "maintenance", "prices",
    ]

    private let profile: String?
    private let models: Models
    var reader = ConfigurationReader()
    var result = Configuration()

    static func parse(
        _ yaml: String, file: String, profile: String?, models: Models
    ) throws(ConfigurationError) -> Configuration {
        var parser = ConfigurationParser(profile: profile, models: models)
        parser.result.shipped = try Configuration.ShippedPrices.of(models)
        if let root = try ConfigurationReader.root(yaml, file: file) {
            try parser.read(root)
        } else {
            try parser.readProfile(nil)
        }
        if let first = parser.reader.problems.first {
            throw ConfigurationError(file: file, problem: first, further: Array(parser.reader.problems.dropFirst()))
        }
        parser.result.notes.withoutEffect = parser.reader.withoutEffect.sorted { ($0.line, $0.path) < ($1.line, $1.path) }
        return parser.result
    }

    private init(profile: String?, models: Models) {
        self.profile = profile
        self.models = models
    }

    private mutating func read(_ root: ConfigurationField) throws(ConfigurationError) {
        guard let entries = reader.entries(root, Self.keys) else { return }
        if let field = entries["instance"], let name = instanceName(field) { result.instance = name }
        try readProfile(entries["profile"])
        if let field = entries["content"], let content = reader.word(field, Configuration.Content.self) {
            result.content = content
            if content != .digest { reader.inert(field) }
        }
        if let field = entries["identity"] { readIdentity(field) }
        if let field = entries["detectors"] { readDetectors(field) }
        if let field = entries["breakers"] { readBreakers(field) }
        readLater(entries)
    }

    /// What stands in a URI as it is.
    private mutating func instanceName(_ field: ConfigurationField) -> String? {
        guard let name = reader.text(field, "a name") else { return nil }
        let isPlain = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || "-._~".utf8.contains(byte)
        }
        if isPlain && name.utf8.count <= Limits.nameBytesMax { return name }
        reader.fail(field, "`\(name.prefix(80))` is no instance name; expected letters, digits, `-`, `.`, `_` and `~`")
        return nil
    }

    /// The profile's values under the user's own. Without a models folder the default profile is the built-in one.
    private mutating func readProfile(_ field: ConfigurationField?) throws(ConfigurationError) {
        var name = result.profile
        if let field {
            guard let text = reader.text(field, "the name of a profile") else { return }
            name = text
        }
        if let profile { name = profile }
        result.profile = name
        if let text = models.profile(name) {
            let profile = try Profile.parse(text, file: models.profilePath(name) ?? name)
            result.thresholds = profile.thresholds
            result.quiet = profile.quiet
        } else if name != Configuration.defaults.profile {
            let names = Set(models.profileNames + [Configuration.defaults.profile]).sorted()
            let place = profile == nil ? field : nil
            let message = "profile: there is no profile `\(name)`\(NearestName.hint(for: name, among: names))"
            reader.fail(place?.valueLine ?? 1, place?.valueColumn ?? 1, message)
        }
    }
}
