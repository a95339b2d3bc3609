import Foundation
import SpanStreams

// Writes a stream for `kilter replay`:
//
//     write-stream --agents 200000 --law zipf --spans 400000 --encoding json --seed 1 FILE

struct Usage: Error, CustomStringConvertible {
    let description: String
}

func write(_ arguments: [String]) throws {
    var shape = SpanStream.Shape()
    var spans = 400_000
    var encoding = SpanStream.Encoding.json
    var path: String?
    var rest = arguments[...]
    while let word = rest.popFirst() {
        guard word.hasPrefix("--") else {
            path = word
            continue
        }
        guard let value = rest.popFirst() else { throw Usage(description: "\(word) needs a value") }
        switch word {
        case "--agents": shape.agents = try number(value)
        case "--spans": spans = try number(value)
        case "--spans-per-payload": shape.spansPerPayload = try number(value)
        case "--seed": shape.seed = UInt64(try number(value))
        case "--law": shape.law = try choice(value)
        case "--encoding": encoding = try choice(value)
        default: throw Usage(description: "\(word): no such option")
        }
    }
    guard let path else {
        throw Usage(description: "write-stream [--agents N] [--law uniform|zipf] [--spans N] [--encoding json|protobuf] [--seed N] FILE")
    }
    var stream = SpanStream(shape)
    guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path) else {
        throw Usage(description: "\(path): cannot be written")
    }
    var pending = Data()
    for _ in 0..<(spans + shape.spansPerPayload - 1) / shape.spansPerPayload {
        pending.append(contentsOf: stream.nextRecord(encoding))
        guard pending.count >= 8 << 20 else { continue }
        try file.write(contentsOf: pending)
        pending.removeAll(keepingCapacity: true)
    }
    try file.write(contentsOf: pending)
    try file.close()
}

func number(_ text: String) throws -> Int {
    guard let value = Int(text), value > 0 else { throw Usage(description: "\(text): not a positive number") }
    return value
}

func choice<Choice: RawRepresentable & CaseIterable>(_ text: String) throws -> Choice where Choice.RawValue == String {
    guard let value = Choice(rawValue: text) else {
        throw Usage(description: "\(text): choose one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return value
}

do {
    try write(Array(CommandLine.arguments.dropFirst()))
} catch {
    FileHandle.standardError.write(Data("write-stream: \(error)\n".utf8))
    exit(64)
}
