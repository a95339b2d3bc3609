import KilterVocabulary

/// The sections that later builds act on: read as strictly, kept, and noted as without effect.
extension ConfigurationParser {
    mutating func readLater(_ entries: ConfigurationEntries) {
        if let field = entries["false_alarms"] { readFalseAlarms(field) }
        if let field = entries["tools"] { readTools(field) }
        if let field = entries["budgets"] { result.budgets = list(field, "budgets") { $0.readBudget($1) } }
        if let field = entries["policy"] { result.policy = list(field, "policies") { $0.readPolicy($1) } }
        if let field = entries["kpis"] { result.kpis = list(field, "KPIs") { $0.readKPI($1) } }
        if let field = entries["maintenance"] { readMaintenance(field) }
        if let field = entries["prices"] { readPrices(field) }
    }

    /// Every element read by `read`; a list with anything in it is noted.
    private mutating func list<Element>(
        _ field: ConfigurationField, _ what: String, _ read: (inout Self, ConfigurationField) -> Element?
    ) -> [Element] {
        guard let elements = reader.elements(field, of: what) else { return [] }
        if !elements.isEmpty { reader.inert(field) }
        return elements.compactMap { read(&self, $0) }
    }

    // MARK: False alarms

    private mutating func readFalseAlarms(_ field: ConfigurationField) {
        guard case .mapping = field.node else {
            if let rate = readRate(field) { result.falseAlarms.warning = rate }
            return
        }
        guard let entries = reader.entries(field, ["warning", "critical"], required: ["warning"]) else { return }
        if let warning = entries["warning"], let rate = readRate(warning) { result.falseAlarms.warning = rate }
        guard let critical = entries["critical"], let rate = readRate(critical) else { return }
        result.falseAlarms.critical = rate
        if rate.isMoreFrequent(than: result.falseAlarms.warning) {
            reader.fail(critical, "more critical false alarms than warnings")
        }
    }

    private mutating func readRate(_ field: ConfigurationField) -> Configuration.FalseAlarms.Rate? {
        reader.quantity(field, "a rate such as `1 per day per fleet`") { text throws(QuantityError) in
            try Configuration.FalseAlarms.Rate(text)
        }
    }

    // MARK: Lists

    private mutating func readTools(_ field: ConfigurationField) {
        guard let elements = reader.elements(field, of: "tool rules") else { return }
        result.tools = elements.compactMap { readTool($0) }
    }

    private mutating func readTool(_ field: ConfigurationField) -> Configuration.ToolRule? {
        guard let entries = reader.entries(field, ["for", "class", "volatile"], required: ["for"]) else { return nil }
        var rule = Configuration.ToolRule()
        rule.selector = reader.selector(entries["for"])
        if let selection = entries["for"], !rule.selector.patterns.allSatisfy({ $0.key.isOfAgent || $0.key == .tool }) {
            reader.inert(selection)
        }
        // The decoders know a call by its tool alone.
        if let volatile = entries["volatile"], rule.selector.patterns.contains(where: { $0.key != .tool }) { reader.inert(volatile) }
        if let name = entries["class"] { rule.toolClass = reader.word(name) }
        if let volatile = entries["volatile"] { rule.volatile = reader.someTexts(volatile, of: "argument fields") ?? [] }
        if entries.lacks("class", "volatile") { reader.fail(field, "sets neither `class` nor `volatile`") }
        return rule
    }

    private mutating func readBudget(_ field: ConfigurationField) -> Configuration.Budget? {
        guard let entries = reader.entries(field, ["for", "scope", "per", "limit"], required: ["scope", "limit"])
        else { return nil }
        var budget = Configuration.Budget()
        budget.selector = reader.selector(entries["for"])
        if let per = entries["per"] { budget.per = reader.duration(per) }
        if let limit = entries["limit"], let read = readLimit(limit) { budget.limit = read }
        if let scope = entries["scope"], let read: Configuration.Budget.Scope = reader.word(scope) {
            budget.scope = read
            if read == .run, let per = entries["per"] {
                reader.fail(per, "a run is its own period; leave `per` out or choose another scope")
            } else if read != .run && entries.lacks("per") {
                reader.fail(field, "`per` is missing, such as `per: 1d`")
            }
        }
        return budget
    }

    private mutating func readLimit(_ field: ConfigurationField) -> Configuration.Limit? {
        let expected = "dollars such as `$20` or tokens such as `200k tokens`"
        return reader.quantity(field, expected) { text throws(QuantityError) in
            if text.hasPrefix("$") { return .microdollars(try WrittenQuantity.money(text)) }
            if text.contains("token") { return .tokens(try WrittenQuantity.tokens(text)) }
            throw QuantityError(message: "`\(text)` is no limit; expected \(expected)")
        }
    }

    private mutating func readPolicy(_ field: ConfigurationField) -> Configuration.Policy? {
        guard let entries = reader.entries(field, ["for", "allow_tools", "deny_tools"]) else { return nil }
        var policy = Configuration.Policy()
        policy.selector = reader.selector(entries["for"])
        if let allow = entries["allow_tools"] { policy.allowTools = reader.texts(allow, of: "tool patterns") }
        if let deny = entries["deny_tools"] { policy.denyTools = reader.someTexts(deny, of: "tool patterns") ?? [] }
        if entries.lacks("allow_tools", "deny_tools") {
            reader.fail(field, "sets neither `allow_tools` nor `deny_tools`")
        }
        if let both = policy.denyTools.first(where: { policy.allowTools?.contains($0) ?? false }) {
            reader.fail(field, "`\(both)` is both allowed and denied")
        }
        return policy
    }

    private mutating func readKPI(_ field: ConfigurationField) -> Configuration.KPI? {
        let keys = ["for", "signal", "at_least", "at_most", "window"]
        guard let entries = reader.entries(field, keys, required: ["signal"]) else { return nil }
        var kpi = Configuration.KPI()
        kpi.selector = reader.selector(entries["for"])
        if let window = entries["window"] { kpi.window = reader.count(window) ?? kpi.window }
        guard let signal = entries["signal"], let name = reader.text(signal, "a signal") else { return nil }
        kpi.signal = name
        guard let unit = SignalUnit(name) else {
            let hint = NearestName.hint(for: name, among: SignalUnit.names)
            reader.fail(signal, "there is no signal `\(name)`\(hint)")
            return nil
        }
        if let least = entries["at_least"] { kpi.atLeast = readValue(least, unit) }
        if let most = entries["at_most"] { kpi.atMost = readValue(most, unit) }
        if entries.lacks("at_least", "at_most") {
            reader.fail(field, "sets neither `at_least` nor `at_most`")
        }
        if let least = kpi.atLeast, let most = kpi.atMost, let lower = entries["at_least"], least.amount > most.amount {
            reader.fail(lower, "`at_least` is above `at_most`")
        }
        return kpi
    }

    private mutating func readValue(_ field: ConfigurationField, _ unit: SignalUnit) -> Configuration.SignalValue? {
        reader.quantity(field, unit.expected) { text throws(QuantityError) in try unit.read(text) }
    }

    private mutating func readMaintenance(_ field: ConfigurationField) {
        guard let elements = reader.elements(field, of: "windows") else { return }
        if elements.count > MaintenanceWindow.countMax { reader.fail(field, "more than \(MaintenanceWindow.countMax) windows") }
        result.maintenance = elements.compactMap { readWindow($0) }
    }

    private mutating func readWindow(_ field: ConfigurationField) -> Configuration.Maintenance? {
        guard let entries = reader.entries(field, ["for", "from", "to"], required: ["from", "to"]) else { return nil }
        var window = Configuration.Maintenance()
        window.selector = reader.selector(entries["for"])
        // A window for one tool or model must not widen to the whole agent.
        if let selection = entries["for"], !window.selector.patterns.allSatisfy(\.key.isOfAgent) { reader.inert(selection) }
        let expected = "a time such as `2026-11-21T22:00:00Z`"
        guard let from = entries["from"], let to = entries["to"],
            let start = reader.quantity(from, expected, WrittenQuantity.time),
            let end = reader.quantity(to, expected, WrittenQuantity.time)
        else { return nil }
        if end <= start { reader.fail(to, "not after `from`") }
        (window.from, window.to) = (start, end)
        return window
    }
}
