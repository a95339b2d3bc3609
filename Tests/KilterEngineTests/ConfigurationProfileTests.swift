import Foundation
import KilterEngine
import KilterModels
import KilterVocabulary
import Testing

/// The profile that ships, and what happens with others.
@Suite struct ConfigurationProfileTests {
    private func bundled() throws -> (text: String, profile: Profile) {
        let text = try #require(Models.bundled.profile("default"))
        return (text, try Profile.parse(text, file: "default.yaml"))
    }

    @Test func theShippedProfileHoldsThePublishedValues() throws {
        let profile = try bundled().profile
        #expect(profile.name == "default")
        #expect(profile.thresholds == .published)
        #expect(profile.quiet == Configuration.publishedQuiet)
        #expect(Models.bundled.profileNames.contains("default"))
    }

    @Test func everyValueHasAUnitAndABasis() throws {
        let values = try bundled().profile.values
        #expect(values.count == 1 + LadderName.allCases.count * Severity.allCases.count)
        #expect(Set(values.map(\.path)).count == values.count)
        for value in values {
            #expect(!value.unit.isEmpty && value.basis.split(separator: " ").count >= 4, "\(value.path)")
        }
    }

    @Test func laddersNeverExceedWhatTheirEvidenceMayCarry() throws {
        let thresholds = try bundled().profile.thresholds
        for name in LadderName.allCases {
            #expect(name[thresholds].isOrdered)
            for severity in Severity.allCases where severity > name.highest {
                #expect(name[thresholds].threshold(of: severity) == Ladder.never)
            }
        }
    }

    /// Every key of the profile is needed: the file without any one of its values is refused, with the line.
    @Test func aProfileWithoutOneOfItsPartsIsRefused() throws {
        let lines = try bundled().text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var tried = 0
        for (index, line) in lines.enumerated() where line.contains("{value:") {
            for part in ["value: ", "unit: ", "basis: "] {
                var edited = lines
                edited[index] = line.replacing(part, with: "x\(part)")
                let error = #expect(throws: ConfigurationError.self) {
                    try Profile.parse(edited.joined(separator: "\n"), file: "p.yaml")
                }
                #expect(error?.line == index + 1, "\(edited[index])")
            }
            var edited = lines
            edited.remove(at: index)
            #expect(throws: ConfigurationError.self) { try Profile.parse(edited.joined(separator: "\n"), file: "p.yaml") }
            tried += 1
        }
        #expect(tried == 81)
    }

    @Test(arguments: ["", "text", "[]", "profile: x"])
    func otherFilesAreNoProfiles(text: String) {
        #expect(throws: ConfigurationError.self) { try Profile.parse(text, file: "p.yaml") }
    }

    @Test func withoutAModelsFolderTheDefaultsAreBuiltIn() throws {
        for models in [Models(directory: nil), Models(directory: "/nowhere")] {
            let read = try Configuration.parse("profile: default", file: "kilter.yaml", models: models)
            #expect(read == Configuration.defaults)
            #expect(
                problems("profile: strict", models: models)
                    == ["1:10: profile: there is no profile `strict`; the nearest valid name is `default`"])
        }
    }

    @Test func aProfileOfTheUsersOwnIsTheBaseUnderTheOverrides() throws {
        let folder = NSTemporaryDirectory() + "/kilter-models-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder + "/Profiles", withIntermediateDirectories: true)
        let text = try bundled().text.replacing("profile: default", with: "profile: strict")
            .replacing("{value: 5, unit: turns", with: "{value: 4, unit: turns").replacing("value: 15m", with: "value: 5m")
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/Profiles/strict.yaml"))
        try Data("profile: [".utf8).write(to: URL(fileURLWithPath: folder + "/Profiles/broken.yaml"))
        let models = Models(directory: folder)
        #expect(models.profileNames == ["broken", "strict"])
        let read = try Configuration.parse(
            "profile: strict\ndetectors: [{call_cycle: {warning: 4}}]", file: "kilter.yaml", models: models)
        #expect(read.thresholds.cycleTurns == Ladder(info: 2, warning: 4, critical: 6))
        #expect(read.quiet == .minutes(5))
        #expect(
            problems("profile: strickt", models: models)
                == ["1:10: profile: there is no profile `strickt`; did you mean `strict`?"])
        #expect(throws: ConfigurationError.self) {
            try Configuration.parse("profile: broken", file: "kilter.yaml", models: models)
        }
        let replaced = try Configuration.parse("profile: default", file: "kilter.yaml", profile: "strict", models: models)
        #expect(replaced.profile == "strict" && replaced.quiet == .minutes(5))
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.parse("# x\n\nprofile: strict", file: "kilter.yaml", profile: "strct", models: models)
        }
        #expect(error?.description == "kilter.yaml:1:1: profile: there is no profile `strct`; did you mean `strict`?")
        // A name is a name, never a way out of the folder.
        #expect(!problems("profile: ../Profiles/strict", models: models).isEmpty)
    }
}
