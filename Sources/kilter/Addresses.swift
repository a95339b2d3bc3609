import KilterConsole
import KilterWire

/// Addresses on the command line, understood alike by every command.
enum Addresses {
    static func http(_ text: String, _ option: String, letsOthersIn: Bool = false) throws -> HTTPAddress {
        do {
            return try HTTPAddress(text, letsOthersIn: letsOthersIn)
        } catch {
            throw Failure(.usage, "\(option) \(error.description)\(error == .notAnAddress(text) ? ", or off" : "")")
        }
    }

    /// An address that `serve` binds without further ado, or after `connect:` connects to, written in full.
    static func messaging(_ text: String, _ option: String) throws -> String {
        let prefix = "connect:"
        do {
            if text.hasPrefix(prefix) { return prefix + (try Endpoint(String(text.dropFirst(prefix.count)), for: .connect)).description }
            let endpoint = try Endpoint(text, for: .bind)
            guard endpoint.isLoopback else { throw WireError.unauthenticatedBind(endpoint: endpoint.description) }
            return endpoint.description
        } catch let error as WireError {
            throw Failure(.usage, "\(option) \(error.description)")
        }
    }
}
