import Foundation
import KilterIntake
import KilterVocabulary
import Testing

/// The example spans of the conventions' reference (one request a line, numbered from 1), and what each of them must become.
@Suite struct DialectConventionTests {
    private static let lines: [Substring] = {
        let url = Package.root.appendingPathComponent("Fixtures/Frames/conventions.jsonl")
        return ((try? String(contentsOf: url, encoding: .utf8)) ?? "").split(separator: "\n")
    }()

    /// Both encodings of an example, which must say the same.
    private func decoded(_ number: Int, sourceLocation: SourceLocation = #_sourceLocation) throws -> Decoded {
        let line = try #require(number <= Self.lines.count ? Self.lines[number - 1] : nil)
        let json = Decoded(Array(line.utf8), .json)
        let protobuf = Decoded(try ProtobufTwin.request(line), .protobuf)
        #expect(json.refusal == nil && protobuf.refusal == nil, sourceLocation: sourceLocation)
        #expect(json.rows == protobuf.rows && json.batch.notes == protobuf.batch.notes, sourceLocation: sourceLocation)
        #expect(json.statements == protobuf.statements, sourceLocation: sourceLocation)
        return json
    }

    private func only(_ number: Int) throws -> Shown {
        let rows = try decoded(number).rows
        #expect(rows.count == 1)
        return try #require(rows.first)
    }

    @Test func thereAreTenExamples() { #expect(Self.lines.count == 10) }

    @Test func currentChat() throws {
        let shown = try only(1)
        #expect(shown.row.kind == .chat && shown["agent"] == "" && shown["provider"] == "openai" && shown.row.flags.isEmpty)
        #expect(shown["model"] == "gpt-5-mini" && shown["response"] == "gpt-5-mini-2026-05-14" && shown.row.responseID != 0)
        #expect(shown.row.inputTokens == 5_210 && shown.row.outputTokens == 148 && shown.row.reasoningTokens == 96)
        #expect(shown.row.cacheReadTokens == 4_096 && shown.row.cacheWriteTokens == 512)
        #expect(shown["conversation"] == "claim-88213" && shown["environment"] == "production" && shown["version"] == "4.12.0")
        #expect(shown["service"] == "claims-triage" && shown["tenant"] == "insurance-ops" && shown["department"] == "insurance-ops")
        #expect(shown.row.parent == 0x0f9e_8d7c_6b5a_4932 && shown["tool"] == "" && shown["error"] == "")
        #expect(try asksFor(1) == [#"{"policy_id":"P-55120"}"#])
    }

    /// Which of the known arguments an example's model asked for.
    private func asksFor(_ number: Int) throws -> [String] {
        let known = [#"{"policy_id":"P-55120"}"#, #"{"query":"battery recycling capacity 2026"}"#]
        var content = ContentFingerprints(key: .published)
        let prints = known.map { content.fingerprint(of: Array($0.utf8)) }
        return try decoded(number).batch.requestedCalls.map { call in
            prints.firstIndex(of: call.arguments).map { known[$0] } ?? "?"
        }
    }

    @Test func olderChatThatFailed() throws {
        let shown = try only(2)
        #expect(shown.row.kind == .chat && shown["provider"] == "azure.ai.openai" && shown["model"] == "gpt-4o")
        #expect(shown.row.inputTokens == 0 && shown.row.outputTokens == 0 && shown["environment"] == "prod")
        #expect(shown["error"] == "RateLimitError" && shown.row.flags == [.failed, .rateLimited, .errorText])
        #expect(shown.row.errorDigest != 0 && shown["tenant"] == "default" && shown["department"] == "")
    }

    @Test func toolWithoutContent() throws {
        let decoded = try decoded(3)
        let shown = try #require(decoded.rows.first)
        #expect(shown.row.kind == .executeTool && shown["tool"] == "lookup_policy" && shown.row.callID != 0 && shown["agent"] == "")
        #expect(shown.row.arguments.isKnown && shown.row.argumentsCharacters == 0 && !shown.row.result.isKnown)
        #expect(shown.row.flags.isEmpty && decoded.noted(.resultUnobservable) == 1 && decoded.noted(.argumentsUnobservable) == 0)
    }

    @Test func protocolToolWithAnError() throws {
        let shown = try only(4)
        let text = #"{"draft":false, "labels":["bug","p1"], "repo":"acme/payments"}"#
        var content = ContentFingerprints(key: .published)
        #expect(shown.row.kind == .executeTool && shown["tool"] == "create_issue" && shown["environment"] == "staging")
        #expect(shown.row.arguments == content.fingerprint(of: Array(text.utf8)))
        #expect(shown["error"] == "tool_error" && shown.row.flags == [.failed, .errorText] && shown["conversation"] == "")
    }

    @Test func messageAndAgent() throws {
        let rows = try decoded(5).rows
        try #require(rows.count == 2)
        #expect(rows[0].row.kind == .agentMessage && rows[0]["agent"] == "payout_agent" && rows[0].row.flags.isEmpty)
        #expect(rows[0].row.parent == rows[1].row.span)
        #expect(rows[1].row.kind == .invokeAgent && rows[1]["agent"] == "triage_agent" && rows[1]["model"] == "gpt-5-mini")
        // The agent's sum of what its model calls used: no inference, so nothing counts it again.
        #expect(rows[1].row.inputTokens == 15_930 && rows[1].row.outputTokens == 611 && !rows[1].row.kind.isInference)
        #expect(rows[1]["conversation"] == "claim-88213")
    }

    @Test func openInferenceChat() throws {
        let decoded = try decoded(6)
        let shown = try #require(decoded.rows.first)
        #expect(shown.row.kind == .chat && shown["provider"] == "anthropic" && shown["model"] == "claude-sonnet-5")
        #expect(shown["response"] == "claude-sonnet-5" && shown["conversation"] == "sess-4471" && shown["agent"] == "")
        #expect(shown.row.inputTokens == 9_120 && shown.row.outputTokens == 73 && shown.row.cacheReadTokens == 8_000)
        #expect(shown["error"] == "" && !shown.row.flags.contains(.failed) && decoded.noted(.badNumber) == 0)
        #expect(shown.row.flags == [.priced] && shown.row.costPicodollars == 6_850_000_000)
        #expect(try asksFor(6) == [#"{"query":"battery recycling capacity 2026"}"#])
    }

    @Test func openInferenceEmbedding() throws {
        let shown = try only(7)
        #expect(shown.row.kind == .embeddings && shown["provider"] == "" && shown["model"] == "text-embedding-3-small")
        #expect(shown.row.inputTokens == 4 && shown.row.outputTokens == 0 && shown.row.flags.isEmpty)
    }

    @Test func openLLMetryHandoff() throws {
        let shown = try only(8)
        #expect(shown.row.kind == .handoff && shown["sender"] == "front_desk" && shown["agent"] == "refunds")
        #expect(shown["provider"] == "openai" && shown["tenant"] == "acme-eu" && shown["conversation"] == "chat-9001")
        #expect(shown["workflow"] == "Agent Workflow" && shown["model"] == "" && shown.row.flags.isEmpty)
    }

    @Test func evaluationOfAnotherSpan() throws {
        let decoded = try decoded(9)
        let shown = try #require(decoded.rows.first)
        #expect(shown.row.kind == .evaluator && shown["agent"] == "" && shown.row.assessmentCount == 1)
        let evaluation = try #require(decoded.batch.assessments(of: shown.row).first)
        #expect(evaluation.kind == .evaluation && evaluation.extent == .span && evaluation.hasScore && evaluation.score == 0.31)
        #expect(decoded.statements == ["evaluation groundedness 0.31 unsupported by llm"])
        // The span of example 6.
        #expect(evaluation.trace == TraceID(high: 0x0a1b_2c3d_4e5f_6071, low: 0x8293_a4b5_c6d7_e8f9))
        #expect(evaluation.span == 0xdead_beef_00c0_ffee)
    }

    @Test func messageToARemoteAgent() throws {
        let shown = try only(10)
        #expect(shown.row.kind == .agentMessage && shown["agent"] == "invoice_agent" && shown["sender"] == "")
        #expect(shown["conversation"] == "ctx-31f0" && shown["tenant"] == "billing" && shown.row.flags.isEmpty)
    }
}

extension Decoded {
    /// The statements about runs, spelled out.
    var statements: [String] {
        batch.assessments.map { said in
            func name(_ reference: StringRef) -> String { reference == 0 ? "-" : batch.strings.string(reference) }
            let score = said.hasScore ? "\(said.score)" : "-"
            let extent = said.extent == .span ? "" : " of \(said.extent)"
            return "\(said.kind) \(name(said.name)) \(score) \(name(said.label)) by \(name(said.judge))\(extent)"
        }
    }
}
