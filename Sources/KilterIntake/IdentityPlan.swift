import KilterMath
import KilterVocabulary

/// Identity rules made ready for a decoder: which attributes and spellings count for a service is settled once per
/// service, what a spelling means once per spelling. Both are remembered in bounded memory, and the answers do not
/// depend on what is.
struct IdentityPlan {
    typealias Part = IdentityRules.Part

    /// What counts for the services that match the same rules.
    struct Choice {
        var rules: [Int] = []
        /// Places of the attributes, by part, in order of precedence.
        var sources = [[Slot]](repeating: [], count: Part.allCases.count)
        /// Rules with spellings, by part.
        var spellings = [[Int]](repeating: [], count: Part.allCases.count)
        /// Tells the choices apart in the memory of spellings.
        var number: UInt64 = 0
    }

    private struct Spellings {
        /// Whole spellings by their hash, then patterns in their order, each with the index of its name.
        var whole: [NameHash: Int] = [:]
        var patterns: [(glob: String, name: Int)] = []
        var isEmpty: Bool { whole.isEmpty && patterns.isEmpty }
    }

    private struct Entry {
        var service: String
        var sources: [[Slot]?]
        var spellings: [Spellings]
    }

    private let entries: [Entry]
    /// The names that spellings mean, as UTF-8.
    private let names: [[UInt8]]
    private var choices: [Choice] = []
    private var choiceOfService: [NameHash: Int] = [:]
    private var nameOfSpelling: [UInt64: Int] = [:]

    /// Services, and spellings, that are remembered; beyond, all are forgotten and settled anew.
    private static let servicesMax = 1_024
    private static let spellingsMax = 65_536
    private static let unchanged = -1

    let isEmpty: Bool

    init(_ rules: IdentityRules) {
        let attributes = rules.attributeNames
        let slots = Dictionary(uniqueKeysWithValues: zip(attributes, attributes.indices.map { Slot(configured: $0) }))
        var names: [[UInt8]] = []
        entries = rules.rules.map { rule in
            Entry(
                service: rule.service,
                sources: Part.allCases.map { part in
                    rule.attributes[part].map { $0.prefix(IdentityRules.namesMax).compactMap { slots[$0] } }
                },
                spellings: Part.allCases.map { part in Self.spellings(rule.aliases[part] ?? [], &names) })
        }
        self.names = names
        isEmpty = entries.isEmpty
    }

    private static func spellings(_ aliases: [IdentityRules.Alias], _ names: inout [[UInt8]]) -> Spellings {
        var spellings = Spellings()
        for alias in aliases {
            if Glob.isPattern(alias.spelling) {
                spellings.patterns.append((alias.spelling, names.count))
            } else {
                spellings.whole[StableHash.hash(alias.spelling)] = names.count
            }
            names.append(Array(alias.name.utf8))
        }
        return spellings
    }

    // MARK: Services

    /// The choice for a service, valid until the next call.
    mutating func choice(for service: StringRef, in strings: StringTable) -> Choice {
        let hash = strings.hash(service)
        if let known = choiceOfService[hash] { return choices[known] }
        if choiceOfService.count >= Self.servicesMax {
            choiceOfService.removeAll(keepingCapacity: true)
            choices.removeAll(keepingCapacity: true)
        }
        let name = strings.string(service)
        let matching = entries.indices.filter { Glob.matches(entries[$0].service, name) }
        let index = choices.firstIndex { $0.rules == matching } ?? choices.count
        if index == choices.count { choices.append(choice(of: matching)) }
        choiceOfService[hash] = index
        return choices[index]
    }

    private func choice(of rules: [Int]) -> Choice {
        var choice = Choice(rules: rules)
        for part in Part.allCases.indices {
            choice.sources[part] = rules.lazy.compactMap { entries[$0].sources[part] }.first ?? []
            choice.spellings[part] = rules.filter { !entries[$0].spellings[part].isEmpty }
        }
        choice.number = rules.reduce(1) { StableHash.combine($0, UInt64($1)) }
        return choice
    }

    // MARK: Spellings

    /// The name that is meant, interned; the same reference where no spelling matches.
    mutating func meant(_ part: Part, by name: StringRef, _ choice: Choice, in strings: inout StringTable) -> StringRef {
        let rules = choice.spellings[part.index]
        if name == 0 || rules.isEmpty { return name }
        let key = StableHash.combine(strings.hash(name), choice.number &+ UInt64(part.index))
        let index: Int
        if let known = nameOfSpelling[key] {
            index = known
        } else {
            if nameOfSpelling.count >= Self.spellingsMax { nameOfSpelling.removeAll(keepingCapacity: true) }
            index = lookUp(part, name, rules, strings)
            nameOfSpelling[key] = index
        }
        if index == Self.unchanged { return name }
        return names[index].withUnsafeBufferPointer { strings.intern($0, hash: StableHash.hash($0)) }
    }

    private func lookUp(_ part: Part, _ name: StringRef, _ rules: [Int], _ strings: StringTable) -> Int {
        let text = strings.string(name)
        for rule in rules {
            let spellings = entries[rule].spellings[part.index]
            if let whole = spellings.whole[strings.hash(name)] { return whole }
            if let pattern = spellings.patterns.first(where: { Glob.matches($0.glob, text) }) { return pattern.name }
        }
        return Self.unchanged
    }
}
