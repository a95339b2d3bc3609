import KilterIntake
import KilterVocabulary
import Testing

/// One span of each kind that the conventions' reference shows, in the dialects that are known, with what it must become.
/// They stand in `Fixtures/Frames/dialects.good.json` (and, the same, in `.bin`).
@Suite struct DialectOracleTests {
    private let rows: [Shown]

    init() throws { rows = Decoded(try Package.frame("dialects.good.bin"), .protobuf).rows }

    private func row(_ index: Int) throws -> Shown { try #require(index < rows.count ? rows[index] : nil) }

    @Test func currentChat() throws {
        let shown = try row(0)
        #expect(shown.row.kind == .chat && shown["provider"] == "anthropic" && shown["model"] == "large-2")
        #expect(shown["response"] == "large-2-0101" && shown["conversation"] == "ticket-9" && shown.row.responseID != 0)
        #expect(shown.row.inputTokens == 2_048 && shown.row.cacheReadTokens == 1_024 && shown.row.cacheWriteTokens == 128)
        #expect(shown.row.outputTokens == 96 && shown.row.reasoningTokens == 40 && shown.row.flags.isEmpty)
        #expect(shown["tenant"] == "north" && shown["environment"] == "production" && shown["service"] == "claims")
        #expect(shown["version"] == "4.1" && shown["agent"] == "")
    }

    @Test func olderChatRefusedByARateLimit() throws {
        let shown = try row(1)
        #expect(shown.row.kind == .chat && shown["provider"] == "azure.ai.openai" && shown["model"] == "old-1")
        #expect(shown.row.inputTokens == 0 && shown.row.outputTokens == 12)
        #expect(shown["error"] == "RateLimitError" && shown.row.flags == [.failed, .rateLimited, .errorText])
    }

    @Test func toolWithoutContent() throws {
        let shown = try row(2)
        #expect(shown.row.kind == .executeTool && shown["tool"] == "find_policy" && shown.row.callID != 0)
        #expect(shown.row.arguments.isKnown && !shown.row.result.isKnown && shown.row.argumentsCharacters == 0)
    }

    @Test func protocolToolWithATree() throws {
        let shown = try row(3)
        #expect(shown.row.kind == .executeTool && shown["tool"] == "open_ticket" && shown["error"] == "tool_error")
        let text =
            #"{"repo":"acme/pay","raw":"AAEC/w==","nested":{"z":1,"a":"Ω \"quoted\"\n"},"labels":["bug","p1",-3,1.50,false,null],"draft":false,"big":9007199254740993}"#
        var content = ContentFingerprints(key: .published)
        #expect(shown.row.arguments.isKnown && shown.row.arguments == content.fingerprint(of: Array(text.utf8)))
    }

    @Test func agentAndMessages() throws {
        let shown = try row(4)
        #expect(shown.row.kind == .invokeAgent && shown["agent"] == "triage" && shown["version"] == "7")
        #expect(shown["sender"] == "User" && shown.row.flags == [.fromPerson] && shown.row.messageCharacters == 75)
        #expect(shown.row.messageSimilarity == 0xbb15_5e44_98fa_85a2 && shown.row.messageDigest != 0 && shown.row.parent == 0)
        let remote = try row(5)
        #expect(remote.row.kind == .agentMessage && remote["agent"] == "invoice" && remote["tenant"] == "north")
    }

    @Test func openInference() throws {
        let chat = try row(6)
        #expect(chat.row.kind == .chat && chat["provider"] == "anthropic" && chat["model"] == "mid-5" && chat["response"] == "mid-5")
        #expect(chat.row.inputTokens == 9_120 && chat.row.cacheReadTokens == 8_000 && chat.row.outputTokens == 73)
        #expect(chat["conversation"] == "sess-1" && chat["environment"] == "staging" && chat["tenant"] == "default")
        let embedding = try row(7)
        #expect(embedding.row.kind == .embeddings && embedding["model"] == "small-3" && embedding.row.inputTokens == 4)
        let tool = try row(8)
        var content = ContentFingerprints(key: .published)
        #expect(tool.row.kind == .executeTool && tool["tool"] == "web_search")
        #expect(tool.row.arguments == content.fingerprint(of: Array(#"{"query":"caf\u00e9 \ud83d\ude00"}"#.utf8)))
        #expect(tool.row.result == content.fingerprint(of: Array("three hits\nfor café".utf8)))
        let handoff = try row(9)
        #expect(handoff.row.kind == .handoff && handoff["sender"] == "front_desk" && handoff["agent"] == "refunds")
        #expect(try row(10).row.kind == .evaluator)
        let chain = try row(11)
        #expect(chain.row.kind == .workflow && chain["workflow"] == "pipeline")
    }

    @Test func openLLMetry() throws {
        let handoff = try row(12)
        #expect(handoff.row.kind == .handoff && handoff["sender"] == "front_desk" && handoff["agent"] == "refunds")
        #expect(handoff["tenant"] == "acme-eu" && handoff["conversation"] == "chat-1" && handoff["provider"] == "openai")
        #expect(handoff["workflow"] == "Agent Workflow" && handoff["environment"] == "unknown")
        #expect(try row(13).row.kind == .step)
        let tool = try row(14)
        #expect(
            tool.row.kind == .executeTool && tool["tool"] == "fetch" && tool.row.arguments.isKnown
                && tool.row.flags == [.partial, .briefResult])
        #expect(tool.row.result.isKnown && tool.row.resultCharacters == 0)
        #expect(rows.count == 15)
    }
}
