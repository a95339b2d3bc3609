import Foundation
import KilterIntake
import Testing

@Suite struct StreamSetTests {
    private func error(_ arguments: [String]) -> StreamError? {
        do {
            _ = try StreamSet(arguments: arguments)
            return nil
        } catch {
            return error
        }
    }

    @Test func foldersGiveTheirSpanStreamsByNameAndListTheRest() throws {
        let folder = try StreamFolder()
        let spans = StreamFixtures.text
        try folder.write("b.jsonl", spans)
        try folder.write("a10.gz", StreamFixtures.gzip)
        try folder.write("a9.zst", StreamFixtures.zstd)
        try folder.write("deep/er/frames.bin", StreamFixtures.framed(StreamFixtures.requests([4])))
        try folder.write("deep/delimited.pb", StreamFixtures.delimited(StreamFixtures.requests([4])))
        try folder.write("deep/snake.jsonl", Array(#"{"note":"{\"x\":1}", "resource_spans" :[]}"#.utf8))
        try folder.write("deep/json-frames.bin", StreamFixtures.framed(StreamFixtures.payloads))
        try folder.write("labels.jsonl", Array(#"{"trace_id":"1","note":{"resourceSpans":[]}}"#.utf8))
        try folder.write("logs.jsonl", Array(#"{"resourceLogs":["resourceSpans"]}"#.utf8))
        try folder.write("metrics.jsonl", Array(#"{"resourceMetrics":["resourceSpans"]}"#.utf8))
        try folder.write("summary.json", Array("{\n \"value\": \"resourceSpans\"\n}".utf8))
        try folder.write("README.md", Array("# streams\n".utf8))
        try folder.write("empty.jsonl", [])
        try folder.write(".hidden.jsonl", spans)
        let set = try StreamSet(arguments: [folder.path])
        #expect(
            set.files
                == [
                    "a10.gz", "a9.zst", "b.jsonl", "deep/delimited.pb", "deep/er/frames.bin", "deep/json-frames.bin",
                    "deep/snake.jsonl", "logs.jsonl",
                ].map { folder.path + "/" + $0 })
        #expect(
            set.skipped
                == [
                    ("README.md", "no span stream"), ("empty.jsonl", "empty"), ("labels.jsonl", "no span stream"),
                    ("metrics.jsonl", "no span stream"), ("summary.json", "no span stream"),
                ].map { StreamSet.Skipped(path: folder.path + "/" + $0, reason: $1) })
    }

    @Test func aDamagedStreamInAFolderIsStillTaken() throws {
        let folder = try StreamFolder()
        let half = try folder.write("half.gz", Array(StreamFixtures.gzip.dropLast(5)))
        #expect(try StreamSet(arguments: [folder.path]).files == [half])
    }

    @Test func namedFilesAreTakenAsTheyAreAndInTheOrderGiven() throws {
        let folder = try StreamFolder()
        let rubbish = try folder.write("z.txt", Array("rubbish".utf8))
        let spans = try folder.write("a.jsonl", StreamFixtures.text)
        let set = try StreamSet(arguments: [rubbish, "-", spans, rubbish])
        #expect(set.files == [rubbish, "-", spans, rubbish])
        #expect(set.skipped.isEmpty)
    }

    @Test func patternsThatTheShellLeftAloneAreExpandedByName() throws {
        let folder = try StreamFolder()
        let names = try ["s-2.jsonl", "s-10.jsonl", "s-1.jsonl", "t.jsonl"].map { try folder.write($0, StreamFixtures.text) }
        try folder.write("s-folder/u.jsonl", StreamFixtures.text)
        #expect(try StreamSet(arguments: [folder.path + "/s-*.jsonl"]).files == [names[2], names[1], names[0]])
        #expect(try StreamSet(arguments: [folder.path + "/s-[12].jsonl"]).files == [names[2], names[0]])
        #expect(try StreamSet(arguments: [folder.path + "/s-f*"]).files == [folder.path + "/s-folder/u.jsonl"])
        #expect(error([folder.path + "/x*"]) == .missing(file: folder.path + "/x*"))
        let literal = try folder.write("[odd]*.jsonl", StreamFixtures.text)
        #expect(try StreamSet(arguments: [literal]).files == [literal])
    }

    @Test func whatIsMissingOrEmptyIsSaid() throws {
        let folder = try StreamFolder()
        #expect(error([folder.path]) == .noStreams(folder: folder.path))
        #expect(error([folder.path + "/nothing"]) == .missing(file: folder.path + "/nothing"))
        #expect(error(["-", "-"])?.message == "standard input: cannot be read: named more than once")
    }

    @Test func linksToFilesAreFollowedAndLinksToFoldersAreNot() throws {
        let folder = try StreamFolder()
        let spans = try folder.write("in/a.jsonl", StreamFixtures.text)
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/in/b.jsonl", withDestinationPath: spans)
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/in/up", withDestinationPath: folder.path)
        let set = try StreamSet(arguments: [folder.path])
        #expect(set.files == [spans, folder.path + "/in/b.jsonl"])
        #expect(set.skipped == [StreamSet.Skipped(path: folder.path + "/in/up", reason: "not a plain file")])
    }

    @Test func filesOnDiskReadLikeBytesInMemory() throws {
        let folder = try StreamFolder()
        for form in StreamFileTests.forms {
            let path = try folder.write("stream", form.bytes)
            #expect(StreamHarvest(path: path).payloads == form.payloads, "\(form.name)")
        }
    }

    @Test func filesThatCannotBeReadSayWhy() throws {
        let folder = try StreamFolder()
        let nothing = folder.path + "/nothing"
        #expect(StreamHarvest(path: nothing).error == .missing(file: nothing))
        #expect(
            StreamHarvest(path: nothing).error?.message
                == "\(nothing): no such file or folder, and nothing that it matches as a pattern")
        #expect(
            StreamHarvest(path: folder.path).error
                == .unreadable(file: folder.path, reason: "Is a directory", denied: false))
    }
}
