import Foundation
import KilterOutlet
import KilterVocabulary
import Seeded
import Testing

@Suite struct EventLogTests {
    let encoder = EventEncoder(instance: "test")

    /// Law: against a list that keeps everything, the log holds exactly the newest events within both bounds, under
    /// gap-free sequences per stream.
    @Test(arguments: [(1, 1_000_000), (10, 1_000_000), (100, 5_000), (70, 1_300), (1_000, 600), (5, 0)])
    func keepsTheNewestWithinItsBounds(count: Int, bytes: Int) {
        var random = Seeded(5)
        var log = EventLog(logID: testLog, epoch: 1, eventsKept: count, bytesKept: bytes)
        var all: [EventStream: [[UInt8]]] = [:]
        for number in 0..<600 {
            let encoded = encoder.encode(Bool.random(using: &random) ? alert(number) : breaker("b\(number)", 1, .open))
            let (sequence, body) = log.append(encoded)
            all[encoded.stream, default: []].append(body)
            #expect(sequence == UInt64(all[encoded.stream]?.count ?? 0))
            #expect(body == encoded.body)
            for stream in EventStream.allCases {
                let bodies = all[stream] ?? []
                var kept = 0
                var keptBytes = 0
                for body in bodies.reversed() {
                    guard kept < count, keptBytes + body.count <= bytes else { break }
                    kept += 1
                    keptBytes += body.count
                }
                #expect(log.head(stream) == UInt64(bodies.count))
                #expect(log.oldest(stream) == UInt64(bodies.count - kept + 1))
                for sequence in [0, log.oldest(stream) - 1, log.oldest(stream), log.head(stream), log.head(stream) + 1] {
                    let isKept = sequence >= log.oldest(stream) && sequence <= log.head(stream)
                    #expect(log.body(stream, sequence) == (isKept ? bodies[Int(sequence) - 1] : nil))
                }
            }
        }
    }

    @Test func everyKeptEventIsFoundUnderItsSequence() {
        var log = EventLog(logID: testLog, epoch: 1, eventsKept: 300, bytesKept: 1 << 20, heads: [.alert: 1_000])
        var bodies: [UInt64: [UInt8]] = [:]
        for number in 0..<1_000 {
            let (sequence, body) = log.append(encoder.encode(alert(number)))
            bodies[sequence] = body
        }
        #expect(log.head(.alert) == 2_000 && log.oldest(.alert) == 1_701)
        for sequence in UInt64(1_701)...2_000 { #expect(log.body(.alert, sequence) == bodies[sequence]) }
    }

    @Test func noticesAreNamedAfterTheirSequence() {
        var log = EventLog(logID: testLog, epoch: 1)
        for number in 1...3 {
            let (sequence, body) = log.append(encoder.encode(notice(number)))
            let id = "0123456789abcdeffedcba9876543210/\(number)"
            #expect(sequence == UInt64(number))
            #expect(body == encoder.body(of: notice(number), noticeID: id))
            #expect(log.body(.notice, sequence) == body)
        }
    }

    @Test func provisionalTripsAreNotKept() {
        var log = EventLog(logID: testLog, epoch: 1)
        let (sequence, _) = log.append(encoder.encode(breaker("b", 1, .open), provisional: true))
        #expect(sequence == 0)
        #expect(log.head(.breaker) == 0)
        #expect(log.activeBreakers().isEmpty)
        #expect(log.breakerDigest == 0)
    }

    /// Law: the log knows the latest event of exactly the breakers that are not closed, and its digest is a function
    /// of them alone.
    @Test func breakersThatAreNotClosedAreKnown() {
        var random = Seeded(6)
        var log = EventLog(logID: testLog, epoch: 1, eventsKept: 2)
        var model: [String: EventLog.ActiveBreaker] = [:]
        for generation in UInt64(1)...500 {
            let id = "b\(Int.random(in: 0..<12, using: &random))"
            let states: [BreakerState] = [.closed, .open, .halfOpen, .forcedOpen, .disabled]
            let state = states.randomElement(using: &random) ?? .closed
            let (sequence, body) = log.append(encoder.encode(breaker(id, generation, state)))
            model[id] = state == .closed ? nil : .init(id: id, sequence: sequence, body: body)
            let expected = model.values.sorted { $0.id < $1.id }
            #expect(log.activeBreakers() == expected)
            #expect(log.breakerDigest == expected.reduce(0) { $0 &+ fnv($1.body) })
            #expect(log.breakerGeneration == generation)
        }
        var restored = EventLog(logID: testLog, epoch: 2, heads: [.breaker: 500])
        for entry in model.values { restored.restore(entry) }
        #expect(restored.activeBreakers() == log.activeBreakers())
        #expect(restored.breakerDigest == log.breakerDigest)
        #expect(restored.breakerGeneration == log.breakerGeneration)
    }

    private func fnv(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    @Test func headersAreBigEndianAndReadBack() {
        let header = EventHeader(sequence: 0x0102_0304_0506_0708, epoch: 9, logID: testLog)
        #expect(
            header.bytes == [
                1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9, 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC,
                0xBA, 0x98, 0x76, 0x54, 0x32, 0x10,
            ])
        #expect(header.bytes.withUnsafeBytes { EventHeader(bytes: $0) } == header)
        for count in [0, 8, 16, 31, 33] {
            #expect(Array(repeating: UInt8(1), count: count).withUnsafeBytes { EventHeader(bytes: $0) } == nil)
        }
    }

    @Test func logIDsReadBack() {
        #expect(LogID(hex: testLog.hex) == testLog)
        #expect(testLog.hex == "0123456789abcdeffedcba9876543210")
        let random = LogID.random()
        #expect(LogID(hex: random.hex) == random)
        for text in [
            "", "0", "+123456789abcdeffedcba9876543210", "0123456789abcdef-edcba9876543210", testLog.hex + "0",
            "0123456789abcdef fedcba987654321", "g123456789abcdeffedcba9876543210", "0123456789abcdeffedcba987654321é",
        ] {
            #expect(LogID(hex: text) == nil)
        }
    }
}

@Suite struct StreamCursorTests {
    /// Law: in whatever order events arrive, twice or in pieces, each is delivered once and in order, and what is
    /// missing is exactly what has to be fetched.
    @Test func deliversOnceAndInOrder() {
        var random = Seeded(7)
        for _ in 0..<300 {
            let count = UInt64.random(in: 1...60, using: &random)
            let begin = UInt64.random(in: 1...5, using: &random)
            var cursor = StreamCursor(stream: .alert)
            var delivered: [UInt64] = cursor.begin(at: begin).map(\.sequence)
            var live = (1...count).filter { _ in Bool.random(using: &random) }
            if Bool.random(using: &random) { live += live.shuffled(using: &random) }
            for sequence in live { delivered += cursor.take(event(sequence)).map(\.sequence) }
            cursor.learn(head: count)
            while let range = cursor.missing {
                #expect(delivered.last ?? begin - 1 == range.lowerBound - 1)
                for sequence in range { delivered += cursor.take(event(sequence)).map(\.sequence) }
            }
            #expect(delivered == (begin <= count ? Array(begin...count) : []))
        }
    }

    @Test func skippingTellsWhatIsLostAndGoesOn() {
        var cursor = StreamCursor(stream: .alert)
        _ = cursor.begin(at: 1)
        #expect(cursor.take(event(5)).isEmpty)
        #expect(cursor.take(event(7)).isEmpty)
        let (lost, released) = cursor.skip(to: 4)
        #expect(lost == 1...3 && released.isEmpty)
        #expect(cursor.missing == 4...4)
        #expect(cursor.take(event(4)).map(\.sequence) == [4, 5])
        #expect(cursor.missing == 6...6)
        #expect(cursor.skip(to: 6).lost == nil)
    }

    @Test func whatIsKeptAheadOfAGapIsBounded() {
        var cursor = StreamCursor(stream: .alert)
        _ = cursor.begin(at: 1)
        let total = UInt64(StreamCursor.earlyMax) + 100
        for sequence in 2...total { #expect(cursor.take(event(sequence)).isEmpty) }
        #expect(cursor.missing == 1...1)
        #expect(cursor.take(event(1)).count == StreamCursor.earlyMax + 1)
        #expect(cursor.missing == UInt64(StreamCursor.earlyMax + 2)...total)
    }

    private func event(_ sequence: UInt64) -> StreamCursor.Delivery {
        .init(sequence: sequence, epoch: 1, body: [UInt8(truncatingIfNeeded: sequence)])
    }
}
