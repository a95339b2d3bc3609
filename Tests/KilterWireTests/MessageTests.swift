import KilterWire
import Seeded
import Testing

@Suite struct MessageTests {
    /// Law: what is sent arrives, frame by frame, and behind every frame lie 64 zero bytes, also where a larger
    /// message lay before.
    @Test func framesArriveWithZeroedSlack() throws {
        var random = Seeded(1)
        let sockets = try pair()
        var buffer = MessageBuffer()
        for _ in 0..<300 {
            let count = Int.random(in: 1...8, using: &random)
            let sent = (0..<count).map { _ in
                let size = Int.random(in: 0...12, using: &random)
                return random.bytes(size < 10 ? size * 13 : size * 1_500)
            }
            #expect(try sockets.push.send(sent) == .sent)
            #expect(try sockets.pull.receive(into: &buffer, milliseconds: guardMilliseconds))
            #expect(buffer.flaw == nil)
            #expect(frames(buffer) == sent)
            for index in 0..<buffer.count {
                let frame = buffer.frame(index)
                let behind = UnsafeRawBufferPointer(start: frame.baseAddress! + frame.count, count: MessageBuffer.slack)
                #expect(behind.allSatisfy { $0 == 0 })
            }
        }
    }

    @Test func messagesBeyondTheBoundsAreTakenOffAndMarked() throws {
        let sockets = try pair()
        var buffer = MessageBuffer(framesMax: 3, bytesMax: 100)
        let messages: [(frames: [[UInt8]], flaw: MessageBuffer.Flaw?, kept: Int)] = [
            ((0..<12).map { [UInt8($0)] }, .tooManyFrames, 3),
            ([[1], Array(repeating: 2, count: 100), [3]], .tooManyBytes, 1),
            ([Array(repeating: 2, count: 101)], .tooManyBytes, 0),
            ([Array(repeating: 2, count: 100)], nil, 1),
            ([[1], [2], [3]], nil, 3),
        ]
        for message in messages {
            #expect(try sockets.push.send(message.frames) == .sent)
        }
        for message in messages {
            #expect(try sockets.pull.receive(into: &buffer, milliseconds: guardMilliseconds))
            #expect(buffer.flaw == message.flaw)
            #expect(frames(buffer) == Array(message.frames.prefix(message.kept)))
            #expect(buffer.framesReceived == message.frames.count)
            #expect(buffer.bytesReceived == message.frames.reduce(0) { $0 + $1.count })
        }
    }

    /// A buffer can be filled without a socket, for bytes that come from elsewhere.
    @Test func appendedFramesFollowTheSameBounds() {
        var buffer = MessageBuffer(framesMax: 2, bytesMax: 10)
        for bytes in [[1, 2, 3], [UInt8](), [4]] as [[UInt8]] { bytes.withUnsafeBytes { buffer.append($0) } }
        #expect(buffer.flaw == .tooManyFrames)
        #expect(frames(buffer) == [[1, 2, 3], []])
        buffer.clear()
        #expect(buffer.count == 0 && buffer.flaw == nil && buffer.bytesReceived == 0)
    }

    @Test func aFrameAboveTheLimitNeverArrivesAndOthersDo() throws {
        var options = SocketOptions()
        options.frameBytesMax = 1_000
        let sockets = try pair(options)
        #expect(try sockets.push.send([Array(repeating: 1, count: 1_001)]) == .sent)
        let other = try Socket(.push, in: Context.ofProcess())
        try other.connect(sockets.endpoint)
        #expect(try other.send([Array(repeating: 2, count: 1_000)]) == .sent)
        var buffer = MessageBuffer()
        #expect(try sockets.pull.receive(into: &buffer, milliseconds: guardMilliseconds))
        #expect(frames(buffer) == [Array(repeating: 2, count: 1_000)])
    }

    @Test func nothingToReceiveIsNoError() throws {
        let sockets = try pair()
        var buffer = MessageBuffer()
        #expect(try !sockets.pull.receive(into: &buffer))
        #expect(try !sockets.pull.receive(into: &buffer, milliseconds: 1))
    }

    @Test func pubReachesOnlySubscribersOfThePrefix() throws {
        let context = try Context.ofProcess()
        let xpub = try Socket(.xpub, in: context)
        let endpoint = try xpub.bind("tcp://127.0.0.1:*")
        let sub = try Socket(.sub, in: context)
        try sub.subscribe("a.b.")
        try sub.connect(endpoint)
        var buffer = MessageBuffer()
        // The subscription itself arrives first: 1 and the prefix.
        #expect(try xpub.receive(into: &buffer, milliseconds: guardMilliseconds))
        #expect(buffer.bytes(0) == [1] + Array("a.b.".utf8))
        for topic in ["a.c.", "a.bc.", "a.b.", "a.b.c."] { #expect(try xpub.send([Array(topic.utf8), []]) == .sent) }
        for topic in ["a.b.", "a.b.c."] {
            #expect(try sub.receive(into: &buffer, milliseconds: guardMilliseconds))
            #expect(buffer.bytes(0) == Array(topic.utf8))
        }
    }
}
