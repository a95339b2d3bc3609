import Foundation
import KilterWire
import Seeded
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Bytes that do not speak the protocol must not come out as messages, and must not keep others out.
@Suite struct HostileBytesTests {
    /// Connects to a bound TCP endpoint, writes, and reads until the other side hangs up. Nil when it did not.
    private func throwAt(_ endpoint: String, _ bytes: [UInt8]) throws -> [UInt8]? {
        let port = try #require(endpoint.split(separator: ":").last.flatMap { UInt16($0) })
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafeBytes(of: &address) {
            connect(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        try #require(connected == 0)
        var patience = timeval(tv_sec: guardMilliseconds / 1_000, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        shutdown(descriptor, Int32(SHUT_WR))
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return answer }
            guard count > 0 else { return nil }
            answer += chunk[..<count]
        }
    }

    @Test func garbageYieldsNoMessage() throws {
        let sockets = try pair()
        var random = Seeded(8)
        var garbage: [[UInt8]] = [
            Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8),
            // ZMTP 1.0: a greeting with an anonymous name, then a message of five bytes.
            [1, 0, 6, 0] + Array("hello".utf8),
            // ZMTP 2.0: signature, revision 1, socket type, anonymous name, then a message of five bytes.
            [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 1, 8, 0, 0, 0, 5] + Array("hello".utf8),
            [0xFF], [], Array(repeating: 0, count: 10_000),
        ]
        for _ in 0..<60 { garbage.append(random.bytes(Int.random(in: 1...3_000, using: &random))) }
        for bytes in garbage {
            let answer = try throwAt(sockets.endpoint, bytes)
            #expect(answer != nil, "the connection stayed open")
        }
        #expect(try sockets.push.send([Array("genuine".utf8)]) == .sent)
        var buffer = MessageBuffer()
        #expect(try sockets.pull.receive(into: &buffer, milliseconds: guardMilliseconds))
        #expect(frames(buffer) == [Array("genuine".utf8)])
        #expect(try !sockets.pull.receive(into: &buffer, milliseconds: 1))
    }
}
