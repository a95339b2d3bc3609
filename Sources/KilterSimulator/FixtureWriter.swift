import Foundation

/// Rewrites `scenario.json`, `stream.jsonl` and, where it has one, `kilter.yaml` of every scenario in
/// `<directory>/<scenario id>`; leaves other files of those folders alone. Throws what the file system throws.
public func writeFixtures(to directory: String) throws {
    let root = URL(fileURLWithPath: directory, isDirectory: true)
    for scenario in Scenarios.all {
        let folder = root.appendingPathComponent(scenario.id, isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try write(ScenarioFile(scenario).text, to: folder.appendingPathComponent("scenario.json"))
        try write(scenario.stream(), to: folder.appendingPathComponent("stream.jsonl"))
        if let configuration = scenario.configuration { try write(configuration, to: folder.appendingPathComponent("kilter.yaml")) }
    }
}

private func write(_ text: String, to file: URL) throws {
    try Data(text.utf8).write(to: file, options: .atomic)
}
