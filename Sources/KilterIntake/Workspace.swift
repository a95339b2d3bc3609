import CLanes
import KilterMath
import KilterVocabulary

/// Everything a decoder reuses from payload to payload. Owned by one `RequestDecoder`, touched by one thread at a time.
struct Workspace: ~Copyable {
    let rules: IntakeRules
    let fingerprints: Fingerprinter
    let keys: KeyTable
    let candidates = Candidates.allocate()
    let resourceCandidates = Candidates.allocate()
    var prices = PriceMemory()
    var canonical = CanonicalWriter()
    /// Whether the last text that was compared is there in its canonical form.
    var isCanonical = false
    /// By the hash of a tool's name, what of its arguments and results is volatile.
    private var volatile: [UInt64: FoldedNames] = [:]
    private static let volatileToolsMax = 4_096
    var arena = Arena()
    var nesting = Nesting()
    var facts = SpanFacts()
    var resource = ResourceFacts()
    var scope = Producer.unknown
    /// What the span being read says about runs under keys that hold a number.
    var evaluations: ContiguousArray<EvaluationDraft> = []
    /// The same for the calls that a model asked for.
    var requests: ContiguousArray<RequestDraft> = []
    /// The same for the last messages of a model's input and of its output.
    var inputs: ContiguousArray<MessageDraft> = []
    var outputs: ContiguousArray<MessageDraft> = []
    var embeddings = EmbeddingDesk()
    var identity: IdentityPlan
    /// Which identity rules hold for the resource being read, and what it says itself under their attributes.
    var identityChoice = IdentityPlan.Choice()
    var identityOfResource: [StringRef] = []
    /// Set when the resource itself was bad: then all of its spans are refused.
    var resourceRefusal: QuarantineReason?
    /// Whether every text is followed by a quote or a zero byte, as JSON's are.
    var textsAreTerminated = false
    /// Counts of the payload being read, committed when it is whole.
    var notes = [UInt64](repeating: 0, count: Note.allCases.count)
    var refused = [UInt64](repeating: 0, count: QuarantineReason.allCases.count)
    var records = 0
    /// Records that look like those of another signal.
    var foreignRecords = 0

    init(rules: IntakeRules) {
        self.rules = rules
        fingerprints = Fingerprinter(key: rules.key)
        evaluations.reserveCapacity(Limits.assessmentsMax)
        requests.reserveCapacity(Limits.requestsOfSpanMax)
        inputs.reserveCapacity(Limits.messagesOfSpanMax)
        outputs.reserveCapacity(Limits.messagesOfSpanMax)
        keys = KeyTable(Dialects.aliases, configured: rules.identity.attributeNames)
        identity = IdentityPlan(rules.identity)
    }

    deinit {
        candidates.deallocate()
        resourceCandidates.deallocate()
    }

    mutating func beginPayload(bytes: Int) {
        arena.reserve(bytes)
        arena.reset()
        canonical.trim()
        for index in notes.indices { notes[index] = 0 }
        for index in refused.indices { refused[index] = 0 }
        records = 0
        foreignRecords = 0
        resource = ResourceFacts()
        scope = .unknown
        embeddings.removeAll()
    }

    @inline(__always) mutating func beginSpan() {
        facts = SpanFacts()
        candidates.clear()
        arena.reset()
        if !evaluations.isEmpty { evaluations.removeAll(keepingCapacity: true) }
        if !requests.isEmpty { requests.removeAll(keepingCapacity: true) }
        if !inputs.isEmpty { inputs.removeAll(keepingCapacity: true) }
        if !outputs.isEmpty { outputs.removeAll(keepingCapacity: true) }
    }

    /// Names of members that the configuration calls volatile for `tool`.
    mutating func volatileNames(of tool: Text) -> FoldedNames {
        let key = StableHash.hash(tool.buffer)
        if let known = volatile[key] { return known }
        let name = String(decoding: tool.buffer, as: UTF8.self)
        let fields = rules.volatile.filter { Glob.matches($0.tool, name) }.flatMap(\.fields)
        let names = FoldedNames(fields)
        // Forgetting changes nothing but work.
        if volatile.count >= Self.volatileToolsMax { volatile.removeAll() }
        volatile[key] = names
        return names
    }

    mutating func note(_ note: Note) { notes[Int(note.rawValue)] &+= 1 }

    /// Adds the counts of a payload that was read to its end.
    func commit(into batch: inout SpanBatch) {
        for index in notes.indices { batch.notes[index] &+= notes[index] }
        for index in refused.indices { batch.quarantined[index] &+= refused[index] }
    }
}

/// Bump memory for text that had to be rewritten (escapes, base64, numbers as names). It never moves while a
/// payload is read.
struct Arena: ~Copyable {
    // Guard: owned and freed here; `take` checks every request against the capacity.
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var used = 0

    /// Readable and writable bytes behind every piece: vector copies may overrun it.
    static let slack = 64
    private static let smallest = 64 << 10
    private static let kept = 16 << 20

    init() {
        capacity = Self.smallest
        memory = .allocate(capacity: capacity)
        memory.initialize(repeating: 0, count: capacity)
    }

    deinit { memory.deallocate() }

    /// Makes room for three times `bytes`: each byte of a payload is rewritten at most once per span as a value, once as
    /// the arguments inside of a value, and once while these are made canonical. Gives huge memory back when the next payload is small.
    mutating func reserve(_ bytes: Int) {
        let wanted = max(bytes &* 3 &+ 4 &* Self.slack &+ 4_096, Self.smallest)
        if wanted <= capacity && !(capacity > Self.kept && wanted * 4 < capacity) { return }
        memory.deallocate()
        capacity = wanted
        memory = .allocate(capacity: wanted)
        memory.initialize(repeating: 0, count: wanted)
    }

    @inline(__always) mutating func reset() { used = 0 }
    @inline(__always) mutating func rewind(to mark: Int) { used = mark }

    /// Room for up to `count` bytes plus slack, or nil when the payload asks for more than any honest one needs.
    // Guard: callers fill the room and keep it before they ask for more.
    @inline(__always) func room(_ count: Int) -> UnsafeMutablePointer<UInt8>? {
        count <= capacity &- used &- Self.slack ? memory + used : nil
    }

    /// Keeps the first `count` bytes of the room just written and puts a zero byte behind them.
    @inline(__always) mutating func keep(_ count: Int) -> Text {
        let text = Text(memory + used, count)
        memory[used + count] = 0
        used += count + 1
        return text
    }

    /// True for a text that was rewritten into this memory, so that a zero byte stands behind it.
    @inline(__always) func isZeroBehind(_ text: Text) -> Bool {
        text.base >= UnsafePointer(memory) && text.base < UnsafePointer(memory + capacity)
    }

    /// A copy of `text` with a zero byte behind it; nil when there is no room.
    mutating func copy(_ text: Text) -> Text? {
        guard let out = room(text.count) else { return nil }
        out.update(from: text.base, count: text.count)
        return keep(text.count)
    }

    /// Decimal digits of a whole number, for identities that arrive as numbers.
    mutating func decimal(_ value: Int64) -> Text {
        guard let out = room(24) else { return .none }
        return keep(writeDecimal(value, to: out))
    }
}

/// Writes a decimal integer, at most 20 bytes; returns its length.
// Guard: the workspace owns the room and grows it before writing.
func writeDecimal(_ value: Int64, to out: UnsafeMutablePointer<UInt8>) -> Int {
    var magnitude = value.magnitude
    var start = 20
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
        repeat {
            start -= 1
            digits[start] = UInt8(truncatingIfNeeded: 0x30 + magnitude % 10)
            magnitude /= 10
        } while magnitude != 0
        if value < 0 { out[0] = 0x2d }
        let sign = value < 0 ? 1 : 0
        for index in start..<20 { out[sign + index - start] = digits[index] }
        start = 20 - start + sign
    }
    return start
}
