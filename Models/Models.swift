import Foundation

/// The data that ships with the engine: named sets of thresholds, each value with its unit and what it rests on, and
/// what models cost, each price with its source and the day it was read.
///
/// A folder that is missing is an empty one; the engine has the default values built in.
public struct Models: Sendable {
    /// The folder with `Profiles` and `Prices` in it, or nil when there is none.
    public let directory: String?

    /// The copy beside the running program.
    public static let bundled = Models(directory: bundledDirectory)

    public init(directory: String?) { self.directory = directory }

    /// Names of the profiles, in alphabetical order.
    public var profileNames: [String] {
        guard let directory, let names = try? FileManager.default.contentsOfDirectory(atPath: directory + "/Profiles")
        else { return [] }
        return names.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// Where the profile `name` lies; nil without a folder.
    public func profilePath(_ name: String) -> String? { directory.map { "\($0)/Profiles/\(name).yaml" } }

    /// The text of a profile, or nil when there is none of that name.
    public func profile(_ name: String) -> String? {
        guard profileNames.contains(name), let path = profilePath(name), let data = FileManager.default.contents(atPath: path)
        else { return nil }
        return String(decoding: data, as: UTF8.self)
    }

    /// The files of prices, one per seller, in alphabetical order; none without a folder.
    public var priceFiles: [(path: String, text: String)] {
        guard let directory, let names = try? FileManager.default.contentsOfDirectory(atPath: directory + "/Prices")
        else { return [] }
        return names.filter { $0.hasSuffix(".yaml") }.sorted().compactMap { name in
            let path = "\(directory)/Prices/\(name)"
            return FileManager.default.contents(atPath: path).map { (path, String(decoding: $0, as: UTF8.self)) }
        }
    }

    /// Looked up here rather than through the generated accessor, which ends the process when the folder is missing.
    private static var bundledDirectory: String? {
        let program = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
        let folders = [program, Bundle.main.bundleURL, Bundle.main.resourceURL].compactMap { $0 }
        let names = ["kilter_KilterModels.resources", "kilter_KilterModels.bundle"]
        let candidates = folders.flatMap { folder in names.map { folder.appendingPathComponent($0).path } }
        return candidates.first { FileManager.default.fileExists(atPath: $0 + "/Profiles") }
    }
}
