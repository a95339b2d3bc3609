import KilterState
import KilterVocabulary

// Declared changes in words.

extension SignalChange {
    /// Takes over what a mark declared.
    mutating func declare(_ declared: DeclaredChange?) {
        guard let declared else { return }
        declaredAt = EventTime(nanoseconds: declared.time)
        declaredKind = declared.kind
        declaredTarget = declared.target
    }

    /// `A deploy of claims-desk at 2026-11-21 22:00:05 UTC`, at the beginning of a sentence.
    func declaration(_ name: NameLookup, of agent: NameHash) -> String {
        let kind = declaredKind == 0 ? "change" : name(declaredKind).split(separator: "_").joined(separator: " ")
        return "A \(kind) of \(name(declaredTarget == 0 ? agent : declaredTarget)) at \(Wording.instant(declaredAt))"
    }

    func declarationFacts(_ name: NameLookup) -> [Evidence] {
        guard declaredAt != .zero else { return [] }
        return [
            Evidence("declared", .string(name(declaredKind))), Evidence("declared_target", .string(name(declaredTarget))),
            Evidence("declared_at", .string("\(declaredAt.nanoseconds)")),
        ]
    }
}

extension Wording {
    /// `2026-11-21 22:00:05 UTC`. Civil dates from days by Hinnant's algorithm (2013).
    static func instant(_ time: EventTime) -> String {
        let seconds = Int(time.nanoseconds / 1_000_000_000)
        let days = seconds / 86_400 + 719_468, ofDay = seconds % 86_400
        let era = days / 146_097, dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100), shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = "\(year)-\(two(month))-\(two(dayOfYear - (153 * shifted + 2) / 5 + 1))"
        return "\(date) \(two(ofDay / 3_600)):\(two(ofDay % 3_600 / 60)):\(two(ofDay % 60)) UTC"
    }
}
