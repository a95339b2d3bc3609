import KilterBreakers
import KilterIntake
import KilterMath
import KilterModels
import KilterVocabulary

/// Everything a user can set (contract, section 8), as one value. What this build does not act on is read as
/// strictly as the rest, kept, and listed in `withoutEffect`.
public struct Configuration: Sendable, Equatable {
    /// Goes into every event's `source`.
    public var instance = "kilter"
    public var profile = "default"
    public var falseAlarms = FalseAlarms()
    public var content = Content.digest
    public var identity = Identity()
    public var tools: [ToolRule] = []
    /// Counts of the profile, with the overrides that hold for everybody.
    public var thresholds = Thresholds.published
    /// How long an episode stays open without further evidence, for everybody.
    public var quiet = Configuration.publishedQuiet
    /// Overrides for some, in file order.
    public var detectors: [DetectorRule] = []
    public var budgets: [Budget] = []
    public var breakers: [Breaker] = [Breaker()]
    public var policy: [Policy] = []
    public var kpis: [KPI] = []
    public var maintenance: [Maintenance] = []
    /// The user's own, which add to those that ship and win over them.
    public var prices: [Price] = []
    /// Those that ship.
    var shipped = ShippedPrices()
    var notes = Notes()

    /// Longer than the slowest loop that peers recorded (ten minutes between calls).
    public static let publishedQuiet = Nanoseconds.minutes(15)
    /// What holds without a file and without a models folder.
    public static let defaults = Configuration()
    /// Bytes of a configuration file; larger ones are refused.
    public static let bytesMax = 1 << 20

    public init() {}

    /// Reads YAML strictly: an unknown key, a wrong unit or type, or a contradiction is an error.
    /// - Parameters:
    ///   - file: the name that messages show.
    ///   - profile: replaces the profile that the file names.
    ///   - models: where profiles are looked up.
    public static func parse(
        _ yaml: String, file: String, profile: String? = nil, models: Models = .bundled
    ) throws(ConfigurationError) -> Configuration {
        try ConfigurationParser.parse(yaml, file: file, profile: profile, models: models)
    }

    /// Keys that were accepted and change nothing in this build, in file order.
    public var withoutEffect: [Inert] { notes.withoutEffect }

    /// Counts in effect for one agent: the profile's, then the overrides that match, the most specific last, among
    /// equals the later in the file.
    public func thresholds(tenant: String, environment: String, service: String, agent: String) -> Thresholds {
        var result = thresholds
        for rule in matching(tenant: tenant, environment: environment, service: service, agent: agent) {
            rule.patch.apply(to: &result)
        }
        for (index, window) in maintenance.enumerated() where index < MaintenanceWindow.countMax {
            guard window.selector.patterns.allSatisfy({ $0.key.isOfAgent }) else { continue }
            let isOfAgent = window.selector.matches { Self.name($0, tenant, environment, service, agent) }
            if isOfAgent { result.windows |= 1 << UInt64(index) }
        }
        return result
    }

    private static func name(
        _ key: Selector.Key, _ tenant: String, _ environment: String, _ service: String, _ agent: String
    ) -> String? {
        switch key {
        case .tenant: tenant
        case .environment: environment
        case .service: service
        case .agent: agent
        case .workflow, .model, .tool: nil
        }
    }

    private func matching(tenant: String, environment: String, service: String, agent: String) -> [DetectorRule] {
        func name(_ key: Selector.Key) -> String? { Self.name(key, tenant, environment, service, agent) }
        return
            detectors
            .filter { rule in rule.selector.patterns.allSatisfy { $0.key.isOfAgent } && rule.selector.matches(name) }
            .enumerated()
            .sorted { ($0.element.selector.specificity, $0.offset) < ($1.element.selector.specificity, $1.offset) }
            .map(\.element)
    }

    /// What the walk depends on.
    public var settings: Settings {
        var settings = Settings()
        settings.instance = instance
        settings.thresholds = thresholds
        settings.quiet = quiet
        settings.falseAlarms = falseAlarms.budget
        settings.breakers = breakers.compactMap(\.rule)
        settings.intake.identity = identity.forDecoders
        settings.fingerprint = fingerprint
        settings.intake.prices = priceList
        settings.intake.volatile = tools.compactMap { rule in
            guard !rule.volatile.isEmpty, rule.selector.patterns.allSatisfy({ $0.key == .tool }) else { return nil }
            return VolatileFields(tool: rule.selector.patterns.first?.glob ?? "*", fields: rule.volatile)
        }
        settings.maintenance = maintenance.map { MaintenanceWindow(from: $0.from, to: $0.to) }
        if detectors.contains(where: { !$0.patch.isEmpty }) || !maintenance.isEmpty {
            settings.overrides = { tenant, environment, service, agent in
                thresholds(tenant: tenant, environment: environment, service: service, agent: agent)
            }
        }
        if tools.contains(where: { $0.toolClass != nil }) {
            settings.toolClasses = { toolClass(of: $0) }
        }
        return settings
    }

    /// The class that the most specific matching rule gives a tool; among equals the later in the file.
    public func toolClass(of subject: ToolSubject) -> ToolClass {
        func name(_ key: Selector.Key) -> String? {
            switch key {
            case .tenant: subject.tenant
            case .environment: subject.environment
            case .service: subject.service
            case .agent: subject.agent
            case .tool: subject.tool
            case .workflow, .model: nil
            }
        }
        let rules = tools.enumerated().filter { _, rule in
            rule.toolClass != nil && rule.selector.patterns.allSatisfy { $0.key.isOfAgent || $0.key == .tool }
                && rule.selector.matches(name)
        }
        let best = rules.max {
            ($0.element.selector.specificity, $0.offset) < ($1.element.selector.specificity, $1.offset)
        }
        return best?.element.toolClass?.meaning ?? .normal
    }
}

extension Configuration.ToolRule.Class {
    var meaning: ToolClass {
        switch self {
        case .normal: .normal
        case .poll: .poll
        case .ignore: .ignore
        case .sideEffect: .sideEffect
        }
    }
}

extension Configuration.Breaker {
    /// The rule in terms of this build, or nil when nothing of it can act: a scope or detectors of later builds, or a
    /// selection, which must not widen to everybody.
    public var rule: BreakerRule? {
        let known = on.compactMap(DetectorID.init(name:))
        guard Self.scopes.contains(scope), selector.isEmpty, !known.isEmpty else { return nil }
        return BreakerRule(
            scope: scope, on: known, mode: mode, coolDown: coolDown, probePermits: probePermits, onSilence: onSilence)
    }

    /// Scopes that this build can trip.
    static let scopes: [BreakerScope] = [.run, .agent]
}
