import KilterVocabulary

/// What the attributes of one span (or resource) say: a value per (field, rank), filled while scanning and read once
/// at the span's end. A handle: copies refer to the same memory.
struct Candidates: BitwiseCopyable {
    // Guard: both blocks are owned by the decoder's workspace, live as long as it, and are touched by it alone;
    // every slot is inside because slots come from the key table.
    private let values: UnsafeMutablePointer<AttributeValue>
    // Guard: as above.
    private let masks: UnsafeMutablePointer<Ranks>

    static let fieldCount = (Field.allCases.count + 7) & ~7
    /// With the places of configured attributes.
    private static let placeCount = fieldCount + (IdentityRules.attributesMax + Slot.ranks - 1) / Slot.ranks

    static func allocate() -> Candidates {
        let values = UnsafeMutablePointer<AttributeValue>.allocate(capacity: placeCount * Slot.ranks)
        values.initialize(repeating: .absent, count: placeCount * Slot.ranks)
        let masks = UnsafeMutablePointer<Ranks>.allocate(capacity: placeCount)
        masks.initialize(repeating: 0, count: placeCount)
        return Candidates(values: values, masks: masks)
    }

    // Guard: points into the payload being decoded, which outlives the span that is read from it.
    private init(values: UnsafeMutablePointer<AttributeValue>, masks: UnsafeMutablePointer<Ranks>) {
        self.values = values
        self.masks = masks
    }

    func deallocate() {
        values.deallocate()
        masks.deallocate()
    }

    @inline(__always) func clear() {
        masks.update(repeating: 0, count: Self.placeCount)
    }

    /// Forgets what stands at the ranks of `mask`, in all fields.
    @inline(__always) func strike(_ mask: Ranks) {
        for index in 0..<Self.fieldCount { masks[index] &= ~mask }
    }

    /// Keeps `value`; false when the same key was there already (the last one wins, which is counted).
    @inline(__always) func set(_ slot: Slot, _ value: AttributeValue) -> Bool {
        let isNew = masks[slot.field] & slot.bit == 0
        masks[slot.field] |= slot.bit
        values[slot.index] = value
        return isNew
    }

    @inline(__always) func has(_ field: Field) -> Bool { masks[Int(field.rawValue)] != 0 }
    @inline(__always) func has(_ slot: Slot) -> Bool { masks[slot.field] & slot.bit != 0 }
    func value(_ slot: Slot) -> AttributeValue { has(slot) ? values[slot.index] : .absent }

    /// The ranks at which the field has a value, as bits.
    @inline(__always) func ranks(_ field: Field) -> Ranks { masks[Int(field.rawValue)] }

    /// The value at the lowest rank of `ranks`, which must not be zero.
    @inline(__always) func value(_ field: Field, lowestOf ranks: Ranks) -> AttributeValue {
        values[Int(field.rawValue) * Slot.ranks + ranks.trailingZeroBitCount]
    }

    /// The first text that is not empty, in order of precedence.
    @inline(__always) func text(_ field: Field, among wanted: Ranks = .max) -> Text {
        var ranks = masks[Int(field.rawValue)] & wanted
        while ranks != 0 {
            let value = self.value(field, lowestOf: ranks)
            if value.shape == .text && !value.text.isEmpty { return value.text }
            ranks &= ranks &- 1
        }
        return .none
    }

    /// The first value that is there at all, in order of precedence.
    @inline(__always) func first(_ field: Field) -> AttributeValue {
        var ranks = masks[Int(field.rawValue)]
        while ranks != 0 {
            let value = self.value(field, lowestOf: ranks)
            if value.shape != .absent { return value }
            ranks &= ranks &- 1
        }
        return .absent
    }
}

/// What OTLP itself says about the span being read, before its attributes are asked.
struct SpanFacts {
    var trace = TraceID()
    var span: UInt64 = 0
    var parent: UInt64 = 0
    var start: UInt64 = 0
    var end: UInt64 = 0
    var name = Text.none
    var statusMessage = Text.none
    var exceptionType = Text.none
    var exceptionMessage = Text.none
    var kind: Int32 = 0
    var statusCode: Int32 = 0
    var attributes = 0
    var duplicateKeys = 0
    var attributesDropped = false
    /// No trace id at all: the sign of another signal's payload.
    var lacksTrace = true
    /// Digest of the attributes and the body of a log record, as far as they were read.
    var said: UInt64 = 0
    var lacksSpan = true
    var refusal: QuarantineReason?
    var producer = Producer.unknown
    /// Links to other spans, and the last one's target.
    var links = 0
    var linkedTrace = TraceID()
    var linkedSpan: UInt64 = 0
    var assessmentsDropped = false

    @inline(__always) init() {}

    /// Remembers the first reason for refusing this span.
    mutating func refuse(_ reason: QuarantineReason) {
        if refusal == nil { refusal = reason }
    }
}

/// What a resource says about all of its spans, interned once.
struct ResourceFacts: BitwiseCopyable {
    var tenant: StringRef = 0
    var environment: StringRef = 0
    var service: StringRef = 0
    var version: StringRef = 0
    var agent: StringRef = 0
    var workflow: StringRef = 0
    var namespace: StringRef = 0
    /// The department and, behind it, what stands for one.
    var department: StringRef = 0
    var tags: StringRef = 0
    var partner: StringRef = 0
}
