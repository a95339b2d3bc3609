import KilterState
import KilterVocabulary

/// Whether a detector can do its work on what an agent's records show, and what would let it do more.
public struct Readiness: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        /// Sees what it needs.
        case live
        /// Sees it in some records, or only weaker evidence.
        case limited
        /// Sees nothing of what it needs.
        case blind
        /// Nothing of its kind has happened yet.
        case idle
    }

    public var detector: DetectorID
    public var state: State
    /// The best evidence it can rest on here; nil while it sees none.
    public var tier: Tier?
    public var why: String
    /// Attributes that are missing, each enough by itself.
    public var missing: [String] = []
    /// One line that mends it; empty where there is nothing to mend.
    public var fix = ""
}

extension Detection {
    /// What each detector can do for an agent, in the order of the detectors.
    public static func readiness(_ seen: Visibility) -> [Readiness] {
        DetectorID.allCases.map { detector in
            switch detector {
            case .repeatedCall: RepeatedCall.readiness(seen)
            case .callCycle: CallCycle.readiness(seen)
            case .stagnation: Stagnation.readiness(seen)
            case .noveltyCollapse: NoveltyCollapse.readiness(seen)
            case .duplicateSideEffect: DuplicateSideEffect.readiness(seen)
            case .reasoningLoop: ReasoningLoop.readiness(seen)
            case .errorStreak: ErrorStreak.readiness(seen)
            case .unknownTool: UnknownTool.readiness(seen)
            case .growingCall: GrowingCall.readiness(seen)
            case .messageStorm: MessageStorm.readiness(seen, of: .messageStorm)
            case .messageCycle: MessageStorm.readiness(seen, of: .messageCycle)
            case .messageGrowth: MessageGrowth.readiness(seen)
            case .newTool, .newTransition: NewTool.readiness(seen, of: detector)
            case .drift, .mixDrift, .burst: SignalWords.readiness(seen, of: detector)
            case .versionChange: VersionChange.readiness(seen)
            case .vectorDrift: VectorDrift.readiness(seen)
            case .outlier: Outlier.readiness(seen)
            case .silence: Silence.readiness(seen)
            case .poisoning: Poisoning.readiness(seen)
            }
        }
    }
}

/// The sentences that several detectors share.
enum Shortfall {
    static let arguments = ["gen_ai.tool.call.arguments", "kilter.tool.args_hash"]
    static let results = ["gen_ai.tool.call.result", "kilter.tool.result_hash"]
    /// Where both are missing, both are needed.
    static let both = ["gen_ai.tool.call.arguments and gen_ai.tool.call.result", "kilter.tool.args_hash and kilter.tool.result_hash"]
    static let digests = ["kilter.message.sha256", "kilter.message.text"]

    /// Hashes first: they work without content leaving the process.
    static let content =
        "Put kilter.traced_tool (Sources/Python) on the tool's function: it sends hashes, no content. Where an instrumentation "
        + "library makes the spans, let it capture content (OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY) and hash it "
        + "on the way out with kilter.FingerprintingExporter."
    static let calls = "Give every tool call a span of its own with gen_ai.operation.name=execute_tool and gen_ai.tool.name."

    /// Calls after which a gap is taken as closed, whatever came before.
    private static let latestNeeded: UInt64 = 5

    static func hasRecovered(_ seen: Visibility) -> Bool {
        seen.comparableInARow >= latestNeeded && seen.comparableInARow < seen.calls
    }

    static func noCalls(_ detector: DetectorID) -> Readiness {
        Readiness(
            detector: detector, state: .idle, tier: nil, why: "no tool call seen yet",
            missing: ["gen_ai.operation.name"], fix: calls)
    }

    static func noMessages(_ detector: DetectorID) -> Readiness {
        Readiness(
            detector: detector, state: .idle, tier: nil, why: "no message from another agent seen yet",
            missing: ["gen_ai.handoff.from_agent", "kilter.sender.name"],
            fix: "If agents talk to each other, name the sender on the receiver's span: kilter.sender.name.")
    }

    /// At least nine of ten.
    static func isMost(_ part: UInt64, of whole: UInt64) -> Bool { part >= whole - whole / 10 }

    /// `3 of 10 calls (30 %)`.
    static func share(_ part: UInt64, of whole: UInt64, _ what: String) -> String {
        "\(part) of \(whole) \(what) (\(whole == 0 ? 0 : part * 100 / whole) %)"
    }

    /// Calls whose repetition proves something only with arguments and results.
    static func identicalResult(_ detector: DetectorID, _ seen: Visibility) -> Readiness? {
        if seen.calls == 0 { return noCalls(detector) }
        if seen.knownArguments == 0 {
            return Readiness(
                detector: detector, state: .blind, tier: nil, why: "no tool call shows its arguments",
                missing: seen.knownResults == 0 ? both : arguments, fix: content)
        }
        if hasRecovered(seen) {
            return Readiness(
                detector: detector, state: .live, tier: .identicalResult,
                why: "the last \(seen.comparableInARow) calls show arguments and results; not all before them did")
        }
        guard isMost(seen.knownArguments, of: seen.calls), isMost(seen.knownResults, of: seen.calls) else { return nil }
        return Readiness(
            detector: detector, state: .live, tier: .identicalResult, why: "arguments and results are comparable")
    }
}
