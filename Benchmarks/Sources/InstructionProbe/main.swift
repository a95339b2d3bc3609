import Foundation
import HotPath
import SpanStreams

// One pass over the first payloads of a stream file, for a tool that counts instructions from outside:
//
//     instruction-probe decode|admission|calls|answers|tools|effects|messages|pipeline json|protobuf FILE WARM COUNT
//
// Sends WARM payloads along the path and then COUNT more. Prints what the COUNT payloads held and cost, as
// "spans N nanoseconds T allocations M", the time being the processor's. Two runs whose COUNT differs have the same beginning, so the
// difference of their instructions is that of the spans in between.

func fail(_ words: String) -> Never {
    FileHandle.standardError.write(Data("instruction-probe: \(words)\n".utf8))
    exit(64)
}

let arguments = CommandLine.arguments
guard arguments.count == 6, let end = HotPath.End(rawValue: arguments[1]), let encoding = SpanStream.Encoding(rawValue: arguments[2]),
    let warm = Int(arguments[4]), let count = Int(arguments[5]), warm >= 0, count > 0
else { fail("decode|admission|calls|answers|tools|effects|messages|pipeline json|protobuf FILE WARM COUNT") }
guard let file = FileManager.default.contents(atPath: arguments[3]) else { fail("\(arguments[3]): cannot be read") }
let payloads = PayloadSet(file: [UInt8](file), encoding, spansPerPayload: 64)
guard payloads.count >= warm + count else { fail("\(arguments[3]) holds \(payloads.count) payloads, \(warm + count) are needed") }

let path = HotPath(encoding, to: end)
path.run(payloads, 0..<warm)
let before = allocationsSoFar()
let started = processorTime()
let spans = path.run(payloads, warm..<warm + count)
let nanoseconds = processorTime() - started
let after = allocationsSoFar()
let allocations = before.flatMap { before in after.map { "\($0 - before)" } }
print("spans \(spans) nanoseconds \(nanoseconds) allocations \(allocations ?? "unknown")")

func processorTime() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
