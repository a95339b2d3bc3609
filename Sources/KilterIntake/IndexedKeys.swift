import KilterVocabulary

/// An attribute key with numbers inside that is looked at.
enum IndexedKey: BitwiseCopyable {
    case evaluation(EvaluationKey)
    case request(RequestKey)
    case message(MessageKey)

    /// Numbers above were never seen outside attacks.
    static let indexMax = 4_096

    /// Nil for all other keys, at the first byte for most. Cost: about 2 ns for those.
    @inline(__always) init?(_ key: Text) {
        switch key[0] {
        case UInt8(ascii: "e"), UInt8(ascii: "a"): self.init(evaluation: key, .span)
        case UInt8(ascii: "t"):
            guard key.hasPrefix("trace.") else { return nil }
            self.init(evaluation: key.dropFirst(6), .trace)
        case UInt8(ascii: "s"):
            guard key.hasPrefix("session.") else { return nil }
            self.init(evaluation: key.dropFirst(8), .session)
        case UInt8(ascii: "l"):
            if key.hasPrefix("llm.output_messages.") {
                self.init(output: key.dropFirst(20), isOpenInference: true)
            } else if key.hasPrefix("llm.input_messages.") {
                self.init(input: key.dropFirst(19), isOpenInference: true)
            } else {
                return nil
            }
        case UInt8(ascii: "g"):
            if key.hasPrefix("gen_ai.completion.") {
                self.init(output: key.dropFirst(18), isOpenInference: false)
            } else if key.hasPrefix("gen_ai.prompt.") {
                self.init(input: key.dropFirst(14), isOpenInference: false)
            } else {
                return nil
            }
        default: return nil
        }
    }

    @inline(never) private init?(evaluation key: Text, _ extent: Assessment.Extent) {
        guard let key = EvaluationKey(key, extent) else { return nil }
        self = .evaluation(key)
    }

    @inline(never) private init?(output key: Text, isOpenInference: Bool) {
        if let request = RequestKey(key, isOpenInference: isOpenInference) {
            self = .request(request)
        } else if let message = MessageKey(key, isInput: false, isOpenInference: isOpenInference) {
            self = .message(message)
        } else {
            return nil
        }
    }

    @inline(never) private init?(input key: Text, isOpenInference: Bool) {
        guard let message = MessageKey(key, isInput: true, isOpenInference: isOpenInference) else { return nil }
        self = .message(message)
    }

    /// The number at the beginning of `key`, capped just above `indexMax`, and what follows it.
    static func number(_ key: Text) -> (Int, Text)? {
        var at = 0
        var index = 0
        while at < key.count, key[at] &- 0x30 < 10 {
            index = min(index * 10 + Int(key[at] &- 0x30), indexMax + 1)
            at += 1
        }
        return at == 0 ? nil : (index, key.dropFirst(at))
    }
}

/// `evaluations.0.evaluation.score`, `session.annotations.2.annotation.label`: something said about a run.
struct EvaluationKey: BitwiseCopyable {
    enum Member: UInt8, BitwiseCopyable { case name, score, label, judge, identifier }

    var extent: Assessment.Extent
    var index: Int
    var member: Member

    init?(_ key: Text, _ extent: Assessment.Extent) {
        let isEvaluation = key.hasPrefix("evaluations.")
        guard isEvaluation || key.hasPrefix("annotations.") else { return nil }
        guard let (index, rest) = IndexedKey.number(key.dropFirst(12)) else { return nil }
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

/// A member of a call that a model asked for: `llm.output_messages.0.message.tool_calls.1.tool_call.id`,
/// `gen_ai.completion.0.tool_calls.1.arguments`.
struct RequestKey: BitwiseCopyable {
    enum Member: UInt8, BitwiseCopyable { case id, arguments }

    /// Number of the message, of the call in it, and which of the two lists it stands in.
    var place: Int
    var member: Member

    init?(_ key: Text, isOpenInference: Bool) {
        guard let (message, afterMessage) = IndexedKey.number(key) else { return nil }
        var rest = afterMessage
        var isOrdered = false
        if isOpenInference {
            isOrdered = rest.hasPrefix(".message.contents.")
            guard isOrdered || rest.hasPrefix(".message.tool_calls.") else { return nil }
            rest = rest.dropFirst(isOrdered ? 18 : 20)
        } else {
            guard rest.hasPrefix(".tool_calls.") else { return nil }
            rest = rest.dropFirst(12)
        }
        guard let (call, name) = IndexedKey.number(rest), message <= IndexedKey.indexMax, call <= IndexedKey.indexMax else {
            return nil
        }
        if name.equals(isOpenInference ? ".tool_call.id" : ".id") {
            member = .id
        } else if name.equals(isOpenInference ? ".tool_call.function.arguments" : ".arguments") {
            member = .arguments
        } else {
            return nil
        }
        place = message << 16 | call << 1 | (isOrdered ? 1 : 0)
    }
}

/// A call that a model asked for, as far as the span's attributes have come.
struct RequestDraft: BitwiseCopyable {
    var place: Int
    var id = AttributeValue.absent
    var arguments = AttributeValue.absent
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

    mutating func set(_ member: EvaluationKey.Member, _ value: AttributeValue) {
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
    mutating func keep(_ key: IndexedKey, _ value: AttributeValue) {
        switch key {
        case .evaluation(let key): keep(key, value)
        case .request(let key): keep(key, value)
        case .message(let key): key.isInput ? inputs.keep(key, value) : outputs.keep(key, value)
        }
    }

    private mutating func keep(_ key: RequestKey, _ value: AttributeValue) {
        var index = requests.count - 1
        while index >= 0 && requests[index].place != key.place { index -= 1 }
        if index < 0 {
            guard requests.count < Limits.requestsOfSpanMax else { return }
            requests.append(RequestDraft(place: key.place))
            index = requests.count - 1
        }
        if key.member == .id { requests[index].id = value } else { requests[index].arguments = value }
    }

    /// Keeps one attribute of an evaluation. The two spellings of one number are one evaluation.
    private mutating func keep(_ key: EvaluationKey, _ value: AttributeValue) {
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
