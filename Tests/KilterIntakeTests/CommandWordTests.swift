import KilterIntake
import KilterVocabulary
import Testing

@Suite("The first word of a shell's command")
struct CommandWordTests {
    private func word(_ arguments: String, tool: String = "bash") throws -> UInt64 {
        try #require(
            Build.row([
                ("gen_ai.operation.name", Build.text("execute_tool")), ("gen_ai.tool.name", Build.text(tool)),
                ("gen_ai.tool.call.arguments", Build.text(arguments)),
            ])
        ).row.command
    }

    @Test(
        "It is the same however the command is given",
        arguments: [
            #"{"command":"pytest -q tests"}"#, #"{"cmd":"pytest"}"#, #"{"timeout":5,"command":"  /usr/bin/pytest tests | head"}"#,
            #"{"command":"cd /srv/app && pytest -x"}"#, #"{"command":"cd /srv/app\npytest"}"#,
            #"{"command":"PYTHONPATH=. timeout 60 pytest"}"#,
            #"{"command":"sudo -E pytest;ls"}"#, #"{"command":["bash","-lc","pytest -q"]}"#, #"{"command":["pytest","-q"]}"#, "pytest -q",
            #"{"command":"(pytest)"}"#, #"{"command":"export A=b; pytest"}"#,
        ])
    func same(_ arguments: String) throws {
        let expected = try word(#"{"command":"pytest"}"#)
        #expect(expected != 0)
        #expect(try word(arguments) == expected)
    }

    @Test("Other commands are others, whichever shell runs them; of other tools, and of nothing, there is none")
    func others() throws {
        #expect(try word(#"{"command":"ls"}"#) != word(#"{"command":"cat x"}"#))
        #expect(try word(#"{"command":"ls"}"#, tool: "Run_Terminal_Cmd") == word(#"{"command":"ls"}"#))
        #expect(try word(#"{"command":"ls"}"#, tool: "search") == 0)
        for empty in [
            #"{"command":""}"#, #"{"command":"   "}"#, "{}", #"{"command":7}"#, #"{"command":"'"}"#, #"{"command":"&&&&"}"#, "", "[]",
        ] {
            #expect(try word(empty) == 0, "\(empty)")
        }
    }
}
