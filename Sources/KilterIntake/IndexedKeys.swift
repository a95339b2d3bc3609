import KilterVocabulary

/// An attribute key with a number inside that says something about a run: `evaluations.0.evaluation.score`,
/// `session.annotations.2.annotation.label`.
struct IndexedKey: BitwiseCopyable {
    enum Member: UInt8, BitwiseCopyable { case name, score, label, judge, identifier }

    /// Numbers above were never seen outside attacks.
    static let indexMax = 4_096

    var extent: Assessment.Extent
    var index: Int
    var member: Member

    /// Nil for all other keys, at the first byte for most. Cost: about 2 ns for those.
    @inline(__always) init?(_ key: Text) {
        switch key[0] {
        case UInt8(ascii: "e"), UInt8(ascii: "a"): self.init(key, .span)
        case UInt8(ascii: "t"):
            guard key.hasPrefix("trace.") else { return nil }
            self.init(key.dropFirst(6), .trace)
        case UInt8(ascii: "s"):
            guard key.hasPrefix("session.") else { return nil }
            self.init(key.dropFirst(8), .session)
        default: return nil
        }
    }

    @inline(never) private init?(_ key: Text, _ extent: Assessment.Extent) {
        let isEvaluation = key.hasPrefix("evaluations.")
        guard isEvaluation || key.hasPrefix("annotations.") else { return nil }
        var at = 12
        var index = 0
        while at < key.count, key[at] &- 0x30 < 10, index <= Self.indexMax {
            index = index * 10 + Int(key[at] &- 0x30)
            at += 1
        }
        guard at > 12 else { return nil }
        let rest = key.dropFirst(at)
        guard rest.hasPrefix(isEvaluation ? ".evaluation." : ".annotation.") else { return nil }
        guard let member = Self.member(rest.dropFirst(12)) else { return nil }
        self.extent = extent
        self.index = index
        self.member = member
    }

    private static func member(_ name: Text) -> Member? {
        if name.equals("name") { return .name }
        if name.equals("score") { return .score }
        if name.equals("label") { return .label }
        if name.equals("annotator_kind") { return .judge }
        return name.equals("identifier") ? .identifier : nil
    }
}

/// One evaluation of the span being read, as far as its attributes have come.
struct EvaluationDraft: BitwiseCopyable {
    var extent: Assessment.Extent
    var index: Int
    var name = AttributeValue.absent
    var score = AttributeValue.absent
    var label = AttributeValue.absent
    var judge = AttributeValue.absent
    var identifier = AttributeValue.absent

    mutating func set(_ member: IndexedKey.Member, _ value: AttributeValue) {
        switch member {
        case .name: name = value
        case .score: score = value
        case .label: label = value
        case .judge: judge = value
        case .identifier: identifier = value
        }
    }
}

extension Workspace {
    /// Keeps one attribute of an evaluation. The two spellings of one number are one evaluation.
    mutating func keep(_ key: IndexedKey, _ value: AttributeValue) {
        if let known = evaluations.lastIndex(where: { $0.index == key.index && $0.extent == key.extent }) {
            evaluations[known].set(key.member, value)
            return
        }
        guard key.index <= IndexedKey.indexMax, evaluations.count < Limits.assessmentsMax else {
            if !facts.assessmentsDropped { note(.assessmentsDropped) }
            facts.assessmentsDropped = true
            return
        }
        var draft = EvaluationDraft(extent: key.extent, index: key.index)
        draft.set(key.member, value)
        evaluations.append(draft)
    }
}
