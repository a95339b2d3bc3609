/// Where a socket binds or connects: `tcp://host:port`, `ipc://path` or `inproc://name`. Without a transport, `5555`,
/// `:5555` and `host:5555` mean TCP; without a host, the loopback address.
public struct Endpoint: Sendable, Equatable, CustomStringConvertible {
    public enum Transport: String, Sendable { case tcp, ipc, inproc }
    public enum Use: Sendable { case bind, connect }

    public let transport: Transport
    /// What follows `transport://`, completed: host and port, path, or name.
    public let address: String
    /// Whether only this machine can reach it. IPC and in-process endpoints always are local.
    public let isLoopback: Bool

    /// The endpoint in full, as libzmq is given it.
    public var description: String { "\(transport.rawValue)://\(address)" }

    /// Longest path of a Unix socket: `sun_path` less its terminator.
    static let pathBytesMax = 107

    public init(_ text: String, for use: Use) throws(WireError) {
        func refuse(_ reason: String) -> WireError { .notUnderstood(endpoint: Self.printable(text), reason: reason) }
        guard !text.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else {
            throw refuse("only printable ASCII characters without spaces are allowed")
        }
        let (scheme, rest) = Self.split(text)
        guard let transport = Transport(rawValue: scheme) else {
            throw refuse("the transport must be tcp, ipc or inproc")
        }
        self.transport = transport
        switch transport {
        case .tcp:
            let parts = try Self.tcp(rest, use: use, refuse: refuse)
            address = "\(parts.host):\(parts.port)"
            isLoopback = Self.isLoopbackHost(parts.host)
        case .ipc, .inproc:
            guard !rest.isEmpty else { throw refuse("the \(transport == .ipc ? "path" : "name") is missing") }
            guard transport == .inproc || rest.utf8.count <= Self.pathBytesMax else {
                throw refuse("the path is longer than \(Self.pathBytesMax) bytes")
            }
            address = rest
            isLoopback = true
        }
    }

    private static func split(_ text: String) -> (scheme: String, rest: String) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return ("tcp", text) }
        return (String(text[..<colon]), String(text[text.index(colon, offsetBy: 3)...]))
    }

    private static func tcp(
        _ rest: String, use: Use, refuse: (String) -> WireError
    ) throws(WireError) -> (host: String, port: String) {
        guard !rest.contains("[") else { throw refuse("IPv6 addresses are not supported") }
        guard !rest.contains(";") else { throw refuse("a source address is not supported") }
        let pieces = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard pieces.count <= 2, let last = pieces.last else { throw refuse("expected host:port") }
        var host = pieces.count == 2 ? String(pieces[0]) : ""
        var port = String(last)
        if use == .bind && port == "0" { port = "*" }
        guard isPort(port, use: use) else {
            throw refuse("the port must be a number from 1 to 65535" + (use == .bind ? ", or * for any free one" : ""))
        }
        // Binding resolves no names, so the one everybody writes is resolved here.
        if host.isEmpty || (use == .bind && host == "localhost") { host = "127.0.0.1" }
        guard host.utf8.allSatisfy(isHostByte) || (use == .bind && host == "*") else {
            throw refuse("\(host) is not a host name or an IPv4 address")
        }
        return (host, port)
    }

    private static func isPort(_ text: String, use: Use) -> Bool {
        if text == "*" { return use == .bind }
        guard text.utf8.count <= 5, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt32(text)
        else { return false }
        return (1...65_535).contains(number)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }

    /// 127.0.0.0/8 written as four decimal numbers, or `localhost`. Every other spelling counts as reachable.
    static func isLoopbackHost(_ host: String) -> Bool {
        if host == "localhost" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "127" else { return false }
        return parts.allSatisfy { part in
            part.utf8.count <= 3 && part.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(part) != nil
        }
    }

    /// For messages: a hostile endpoint must not reach a terminal as it is.
    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(256).map { (0x20..<0x7F).contains($0.value) ? $0 : "?" }))
    }
}
