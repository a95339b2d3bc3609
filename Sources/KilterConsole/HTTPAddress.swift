/// Where an HTTP server listens: `host:port`, the host a name of this machine for itself unless others are let in.
public struct HTTPAddress: Equatable, Sendable {
    public let host: String
    /// 0 lets the system choose.
    public let port: Int

    /// Whether other machines can reach it.
    public var isReachable: Bool { !LoopbackHosts.names.contains(host) }

    /// Reads `127.0.0.1:4318` or `[::1]:4318`.
    /// - Parameter letsOthersIn: whether the address may be one that other machines can reach, though nothing authenticates them.
    public init(_ text: String, letsOthersIn: Bool = false) throws(ConsoleError) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw .notAnAddress(text)
        }
        let name = text[..<colon]
        let isBracketed = name.hasPrefix("[") && name.hasSuffix("]")
        host = String(isBracketed ? name.dropFirst().dropLast() : name)
        self.port = Int(port)
        guard !host.isEmpty, !host.contains("/"), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .notAnAddress(text)
        }
        if !letsOthersIn { try Self.check(host: host) }
    }

    /// Throws where other machines could reach `host`, since nothing authenticates them yet.
    static func check(host: String) throws(ConsoleError) {
        guard LoopbackHosts.names.contains(host) else { throw .notLoopback(host: host) }
    }
}

public enum ConsoleError: Error, Equatable, CustomStringConvertible {
    case notAnAddress(String)
    case notLoopback(host: String)

    public var description: String {
        switch self {
        case .notAnAddress(let text): "\(text): not an HTTP address; write host:port such as 127.0.0.1:5560"
        case .notLoopback(let host):
            "\(host): other machines could reach the address and nothing would authenticate them; use 127.0.0.1"
        }
    }
}
