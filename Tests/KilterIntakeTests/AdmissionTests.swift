import KilterIntake
import KilterMath
import KilterVocabulary
import Testing

/// Spans in few words, for the order of arrival.
private struct Stream: ~Copyable {
    var admission = Admission()
    private let second: UInt64 = 1_000_000_000

    /// Admits one span and returns its row.
    mutating func admit(
        trace: UInt64, span: UInt64, parent: UInt64 = 0, start: UInt64, end: UInt64, kind: OperationKind = .executeTool,
        tenant: String = "default", service: String = "shop", agent: String = "", conversation: String = "",
        flags: SpanFlags = [], digest: UInt64 = 0, arrival: UInt64? = nil
    ) -> SpanRecord {
        var batch = SpanBatch()
        func intern(_ text: String) -> StringRef {
            Array(text.utf8).withUnsafeBufferPointer { batch.strings.intern($0, hash: StableHash.hash($0)) }
        }
        var row = SpanRecord()
        row.trace = TraceID(high: 1, low: trace)
        row.span = span
        row.parent = parent
        row.startNanoseconds = start * second
        row.endNanoseconds = end * second
        row.kind = kind
        row.flags = flags
        row.messageDigest = digest
        row.tenant = intern(tenant)
        row.environment = intern("test")
        row.service = intern(service)
        row.agent = intern(agent)
        row.conversation = intern(conversation)
        batch.rows.append(row)
        admission.admitRefusals(of: batch)
        admission.admit(&batch, rows: 0..<1, arrival: arrival.map { EventTime(nanoseconds: $0 * second) })
        return batch.rows[0]
    }

    func count(_ outcome: Outcome) -> UInt64 { admission.counts[Int(outcome.rawValue)] }
    func name(_ row: SpanRecord) -> String { admission.names(of: row.place.tenantName).text(row.place.agentName) }
}

@Suite("Admission")
struct AdmissionTests {
    @Test("The first finished copy wins; unfinished ones are counted and ignored")
    func duplicates() {
        var stream = Stream()
        #expect(stream.admit(trace: 1, span: 1, start: 5, end: 0).place.outcome == .unfinished)
        #expect(stream.admit(trace: 1, span: 1, start: 5, end: 4).place.outcome == .unfinished)
        #expect(stream.admit(trace: 1, span: 1, start: 5, end: 6).place.outcome == .processed)
        #expect(stream.admit(trace: 1, span: 1, start: 5, end: 9).place.outcome == .duplicate)
        #expect(stream.admit(trace: 2, span: 1, start: 5, end: 6).place.outcome == .processed, "another trace")
        #expect(stream.admit(trace: 1, span: 1, start: 5, end: 6, tenant: "b").place.outcome == .processed, "another tenant")
        #expect(stream.admission.received == 6)
    }

    @Test("A duplicate is known for exactly as many spans as the horizon says")
    func horizon() {
        var stream = Stream()
        let horizon = UInt64(Limits.recentSpansMax)
        for span in 1...horizon { _ = stream.admit(trace: span, span: span, start: 1, end: 2) }
        #expect(stream.admit(trace: 1, span: 1, start: 1, end: 2).place.outcome == .duplicate)
        _ = stream.admit(trace: 0, span: 7, start: 1, end: 2)
        #expect(stream.admit(trace: 1, span: 1, start: 1, end: 2).place.outcome == .processed, "one more, and it is forgotten")
        #expect(stream.admit(trace: 3, span: 3, start: 1, end: 2).place.outcome == .duplicate)
    }

    @Test("Late is measured within the trace only, against its own greatest end")
    func lateness() {
        var stream = Stream()
        _ = stream.admit(trace: 1, span: 1, start: 100, end: 120)
        #expect(stream.admit(trace: 1, span: 2, start: 100, end: 110).place.outcome == .processed, "ten seconds are allowed")
        #expect(stream.admit(trace: 1, span: 3, start: 100, end: 109).place.outcome == .late)
        #expect(stream.admit(trace: 2, span: 1, start: 1, end: 2).place.outcome == .processed, "another trace, however old")
    }

    @Test("Engine time is the greatest end so far and belongs to the tenant")
    func engineTime() {
        var stream = Stream()
        #expect(stream.admit(trace: 1, span: 1, start: 1, end: 50).place.engineTime == EventTime(nanoseconds: 50_000_000_000))
        #expect(stream.admit(trace: 2, span: 1, start: 1, end: 20).place.engineTime == EventTime(nanoseconds: 50_000_000_000))
        let other = stream.admit(trace: 2, span: 1, start: 1, end: 20, tenant: "b")
        #expect(other.place.engineTime == EventTime(nanoseconds: 20_000_000_000))
    }

    @Test("Live, a time far ahead of its arrival is clamped in the record; in a file it stays")
    func clamped() {
        var stream = Stream()
        let live = stream.admit(trace: 1, span: 1, start: 5_000, end: 9_000, arrival: 1_000)
        #expect(live.endNanoseconds == 1_600_000_000_000 && live.startNanoseconds == 1_600_000_000_000)
        let file = stream.admit(trace: 1, span: 2, start: 5_000, end: 9_000)
        #expect(file.endNanoseconds == 9_000_000_000_000)
        #expect(stream.admission.notes[Int(Note.timeClamped.rawValue)] == 1)
    }

    @Test("An agent is its own name, else an ancestor's, else the last one seen in the trace, else the service")
    func agents() {
        var stream = Stream()
        let orphan = stream.admit(trace: 1, span: 1, start: 1, end: 2)
        #expect(stream.name(orphan) == "shop")
        _ = stream.admit(trace: 1, span: 10, start: 1, end: 2, kind: .invokeAgent, agent: "planner")
        _ = stream.admit(trace: 1, span: 11, start: 1, end: 2, kind: .invokeAgent, agent: "worker")
        let last = stream.admit(trace: 1, span: 2, start: 2, end: 3)
        #expect(stream.name(last) == "worker")
        let child = stream.admit(trace: 1, span: 3, parent: 10, start: 2, end: 3)
        #expect(stream.name(child) == "planner")
        let grandchild = stream.admit(trace: 1, span: 4, parent: 3, start: 2, end: 3)
        #expect(stream.name(grandchild) == "planner")
        let own = stream.admit(trace: 1, span: 5, parent: 10, start: 2, end: 3, agent: "third")
        #expect(stream.name(own) == "third")
        #expect(own.place.agentKey != child.place.agentKey)
    }

    @Test("Work inside a span that is still open is not blamed on an agent whose invocation was over before")
    func agentToCome() {
        var stream = Stream()
        // Spans come as they end: the planner's call, the planner, the writer's calls, the writer.
        #expect(stream.name(stream.admit(trace: 1, span: 2, parent: 10, start: 1, end: 2)) == "shop")
        _ = stream.admit(trace: 1, span: 10, parent: 1, start: 1, end: 3, kind: .invokeAgent, agent: "planner")
        #expect(stream.name(stream.admit(trace: 1, span: 3, parent: 20, start: 3, end: 4)) == "shop")
        #expect(stream.name(stream.admit(trace: 1, span: 4, parent: 20, start: 4, end: 5)) == "shop")
        _ = stream.admit(trace: 1, span: 20, parent: 1, start: 3, end: 6, kind: .invokeAgent, agent: "writer")
        #expect(stream.name(stream.admit(trace: 1, span: 5, parent: 20, start: 4, end: 7)) == "writer")
        // One that ran beside an invocation may be its work, and so may one that stands in no span.
        #expect(stream.name(stream.admit(trace: 1, span: 6, parent: 30, start: 5, end: 8)) == "writer")
        #expect(stream.name(stream.admit(trace: 1, span: 7, start: 8, end: 9)) == "writer")
    }

    @Test("A trace belongs to its conversation from the record on that shows it; the turn stays")
    func lateConversation() {
        var stream = Stream()
        let before = stream.admit(trace: 1, span: 1, start: 1, end: 2)
        let after = stream.admit(trace: 1, span: 2, start: 2, end: 3, conversation: "c")
        let inherited = stream.admit(trace: 1, span: 3, start: 3, end: 4)
        #expect(before.place.runKey == before.place.traceKey)
        #expect(after.place.runKey != before.place.runKey && inherited.place.runKey == after.place.runKey)
        #expect(before.place.turnKey == after.place.turnKey && after.place.turnKey == inherited.place.turnKey)
    }

    @Test("Single-span traces of a conversation are one turn; a trace after a longer one begins its own")
    func turns() {
        var stream = Stream()
        let single = (UInt64(1)...4).map { stream.admit(trace: $0, span: 1, start: $0, end: $0 + 1, conversation: "c").place.turnKey }
        #expect(Set(single).count == 1)
        let longer = (UInt64(1)...2).map { stream.admit(trace: 9, span: $0, start: 9, end: 10, conversation: "c").place.turnKey }
        #expect(longer == [single[0], single[0]], "it followed a single span")
        let next = stream.admit(trace: 10, span: 1, start: 11, end: 12, conversation: "c").place.turnKey
        #expect(next != single[0])
        let other = stream.admit(trace: 11, span: 1, start: 11, end: 12, conversation: "d").place.turnKey
        #expect(other != next)
    }

    @Test("A person's new message begins a turn; the same one again, or an envelope that ends late, does not")
    func personMessages() {
        var stream = Stream()
        func call(_ stream: inout Stream, _ span: UInt64, at start: UInt64) -> UInt64 {
            stream.admit(trace: 1, span: span, start: start, end: start + 1, agent: "a").place.turnKey
        }
        func message(_ stream: inout Stream, _ span: UInt64, from start: UInt64, to end: UInt64, _ digest: UInt64) {
            _ = stream.admit(
                trace: 1, span: span, start: start, end: end, kind: .invokeAgent, agent: "a", flags: .fromPerson, digest: digest)
        }
        message(&stream, 100, from: 0, to: 1, 7)
        let first = call(&stream, 1, at: 2)
        message(&stream, 101, from: 4, to: 5, 7)
        #expect(call(&stream, 2, at: 6) == first, "inserted again")
        message(&stream, 102, from: 8, to: 9, 8)
        let second = call(&stream, 3, at: 10)
        #expect(second != first)
        message(&stream, 103, from: 0, to: 12, 9)
        #expect(call(&stream, 4, at: 12) == second, "it began before what was seen")
    }

    @Test("Tenants beyond the bound are refused with a reason, and every record is accounted for")
    func tenantLimit() {
        var stream = Stream()
        for tenant in 0..<Limits.tenantsMax + 5 { _ = stream.admit(trace: 1, span: 1, start: 1, end: 2, tenant: "t\(tenant)") }
        #expect(stream.admission.quarantined[Int(QuarantineReason.tenantLimit.rawValue)] == 5)
        #expect(stream.count(.processed) == UInt64(Limits.tenantsMax) && stream.count(.quarantined) == 5)
        #expect(stream.admission.received == UInt64(Limits.tenantsMax + 5))
    }
}
