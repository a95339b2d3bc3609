import Foundation
import KilterWire
import Testing

@Suite struct EndpointTests {
    @Test(arguments: [
        ("5555", "tcp://127.0.0.1:5555"), (":5555", "tcp://127.0.0.1:5555"), ("tcp://:5555", "tcp://127.0.0.1:5555"),
        ("localhost:7", "tcp://127.0.0.1:7"), ("tcp://127.0.0.1:0", "tcp://127.0.0.1:*"),
        ("tcp://127.9.8.7:*", "tcp://127.9.8.7:*"), ("ipc://some/path", "ipc://some/path"),
        ("inproc://name", "inproc://name"),
    ])
    func completesWhatIsLeftOut(text: String, full: String) throws {
        let endpoint = try Endpoint(text, for: .bind)
        #expect(endpoint.description == full)
        #expect(endpoint.isLoopback)
    }

    @Test(arguments: [
        "", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:-1", "tcp://127.0.0.1:+1", "udp://127.0.0.1:1",
        "pgm://127.0.0.1:1", "tcp://[::1]:5555", "tcp://::1:5555", "tcp://a b:1", "tcp://127.0.0.1:5\n", "ipc://", "inproc://",
        "tcp://10.0.0.1;127.0.0.1:5", "tcp://127.0.0.1:5:6", "tcp://é:5", "tcp://%41:5", "127.0.0.1\0:5",
        "ipc://" + String(repeating: "x", count: 108),
    ])
    func refusesWhatIsNotUnderstood(text: String) throws {
        for use in [Endpoint.Use.bind, .connect] {
            let error = #expect(throws: WireError.self) { try Endpoint(text, for: use) }
            guard case .notUnderstood = try #require(error) else {
                Issue.record("\(text.debugDescription): \(String(describing: error))")
                continue
            }
            #expect(try #require(error).description.unicodeScalars.allSatisfy { (0x20..<0x7F).contains($0.value) })
        }
    }

    @Test(arguments: ["tcp://*:5555", "tcp://127.0.0.1:*", "tcp://127.0.0.1:0"])
    func connectsOnlyToWholeAddresses(text: String) {
        #expect(throws: WireError.self) { try Endpoint(text, for: .connect) }
    }

    /// Whatever is not plainly 127.x.y.z counts as reachable, so that no odd spelling opens a door.
    @Test(arguments: [
        "*", "0.0.0.0", "192.168.1.1", "127.1", "127.0.0.1.example.org", "127.0.0.256", "0x7f.0.0.1", "eth0", "lo",
        "127.0.0.", "2130706433", "0127.0.0.1",
    ])
    func everyOtherSpellingIsNotLoopback(host: String) throws {
        #expect(try !Endpoint("tcp://\(host):5555", for: .bind).isLoopback)
    }

    @Test(arguments: ["tcp://*:0", "tcp://0.0.0.0:*", "tcp://192.168.1.1:5555", "0.0.0.0:5555"])
    func reachableBindsNeedConsent(text: String) throws {
        let socket = try Socket(.pull, in: Context.ofProcess())
        let error = #expect(throws: WireError.self) { try socket.bind(text) }
        #expect(try error == .unauthenticatedBind(endpoint: Endpoint(text, for: .bind).description))
        #expect(try #require(error).description.contains(try Endpoint(text, for: .bind).description))
    }

    @Test func reachableBindsWorkWithConsent() throws {
        let socket = try Socket(.pull, in: Context.ofProcess())
        let bound = try socket.bind("tcp://0.0.0.0:*", allowUnauthenticated: true)
        #expect(bound.hasPrefix("tcp://0.0.0.0:"))
    }

    @Test func tellsThatAnAddressIsTaken() throws {
        let first = try Socket(.pull, in: Context.ofProcess())
        let endpoint = try first.bind("tcp://127.0.0.1:0")
        #expect(try first.lastEndpoint == endpoint)
        let second = try Socket(.pull, in: Context.ofProcess())
        let error = #expect(throws: WireError.self) { try second.bind(endpoint) }
        #expect(error == .addressInUse(endpoint: endpoint))
        #expect(try #require(error).description.contains(endpoint))
    }

    /// libzmq itself would take the path over silently. A path that a dead process left behind is free again.
    @Test func tellsThatAPathIsTakenAndTakesOverADeadOne() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kilter-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let endpoint = "ipc://\(folder.path)/socket"
        let first = try Socket(.pull, in: Context.ofProcess())
        #expect(try first.bind(endpoint) == endpoint)
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/socket")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let second = try Socket(.pull, in: Context.ofProcess())
        #expect(throws: WireError.addressInUse(endpoint: endpoint)) { try second.bind(endpoint) }
        let push = try Socket(.push, in: Context.ofProcess())
        try push.connect(endpoint)
        #expect(try push.send([[1]]) == .sent)
        var buffer = MessageBuffer()
        #expect(try first.receive(into: &buffer, milliseconds: guardMilliseconds))

        let dead = "\(folder.path)/dead"
        let descriptor = open(dead, O_CREAT | O_RDWR, 0o600)
        close(descriptor)
        #expect(try second.bind("ipc://\(dead)") == "ipc://\(dead)")
    }

    @Test func tellsThatAnAddressIsNotHere() throws {
        let socket = try Socket(.pull, in: Context.ofProcess())
        #expect(throws: WireError.addressNotAvailable(endpoint: "ipc:///no/such/folder/socket")) {
            try socket.bind("ipc:///no/such/folder/socket")
        }
        // 192.0.2.0/24 is reserved for documentation (RFC 5737).
        #expect(throws: WireError.addressNotAvailable(endpoint: "tcp://192.0.2.1:5555")) {
            try socket.bind("192.0.2.1:5555", allowUnauthenticated: true)
        }
    }
}
