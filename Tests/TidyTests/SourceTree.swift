import Foundation

/// The files of the project as a clone has them: everything below the top folder except what `.gitignore` names.
enum SourceTree {
    /// The folder that holds `Package.swift`, found from where this file was compiled.
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Entries of the top folder, sorted; folders end in a slash.
    static let topLevel: [String] = entries(of: "")

    /// Every file and folder below the folders that are not hidden, as paths from the top folder; folders end in a slash.
    static let paths: [String] = topLevel.filter { !$0.hasPrefix(".") }.flatMap(walk)

    static let files: [String] = paths.filter { !$0.hasSuffix("/") }

    /// Swift files of sources, tests and benchmarks, taken apart once.
    static let swift: [SwiftText] = files.filter { $0.hasSuffix(".swift") }.map { SwiftText(path: $0, text: text(of: $0) ?? "") }

    static func swift(below folder: String) -> [SwiftText] { swift.filter { $0.path.hasPrefix(folder + "/") } }

    /// Nil where there is no such file, or it is no UTF-8 text.
    static func text(of path: String) -> String? {
        guard let bytes = try? Data(contentsOf: root.appendingPathComponent(path)) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Names of the folders directly below `folder`.
    static func folders(below folder: String) -> [String] {
        entries(of: folder + "/").filter { $0.hasSuffix("/") }.map { String($0.dropLast()) }
    }

    /// Whether a folder is a package of Python, which Package.swift does not know.
    static func isPython(_ folder: String) -> Bool { files.contains(folder + "/pyproject.toml") }

    private static func walk(_ entry: String) -> [String] {
        guard entry.hasSuffix("/") else { return [entry] }
        return [entry] + entries(of: entry).flatMap { walk(entry + $0) }
    }

    private static func entries(of folder: String) -> [String] {
        let place = folder.isEmpty ? root : root.appendingPathComponent(folder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
        return names.sorted().compactMap { name in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: place.appendingPathComponent(name).path, isDirectory: &isFolder)
            if name == ".git" || ignored.contains(where: { isNamed(name, isFolder: isFolder.boolValue, by: $0) }) { return nil }
            return isFolder.boolValue ? name + "/" : name
        }
    }

    private static let ignored: [String] = {
        let text = (try? String(contentsOf: root.appendingPathComponent(".gitignore"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    }()

    /// Whether a line of `.gitignore` names an entry. Understands what this project's file uses: names, `*`, and a
    /// slash at the end for folders.
    static func isNamed(_ name: String, isFolder: Bool, by line: String) -> Bool {
        if line.hasSuffix("/"), !isFolder { return false }
        let pattern = line.hasSuffix("/") ? String(line.dropLast()) : line
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return name == pattern }
        return name.count >= first.count + last.count && name.hasPrefix(first) && name.hasSuffix(last)
    }
}
