/// Why a record or a payload was refused. A closed set; the raw values index counters, the names are public.
public enum QuarantineReason: UInt8, CaseIterable, Sendable {
    case malformedFrames, unsupportedSignal, unsupportedEncoding, badCompression, payloadTooLarge
    case malformedJSON, malformedProtobuf, notOTLP, invalidUTF8, tooDeep, tooManyAttributes
    case invalidTraceID, invalidSpanID, tenantLimit, unsupportedTime

    public var name: String {
        switch self {
        case .malformedFrames: "malformed_frames"
        case .unsupportedSignal: "unsupported_signal"
        case .unsupportedEncoding: "unsupported_encoding"
        case .badCompression: "bad_compression"
        case .payloadTooLarge: "payload_too_large"
        case .malformedJSON: "malformed_json"
        case .malformedProtobuf: "malformed_protobuf"
        case .notOTLP: "not_otlp"
        case .invalidUTF8: "invalid_utf8"
        case .tooDeep: "too_deep"
        case .tooManyAttributes: "too_many_attributes"
        case .invalidTraceID: "invalid_trace_id"
        case .invalidSpanID: "invalid_span_id"
        case .tenantLimit: "tenant_limit"
        case .unsupportedTime: "unsupported_time"
        }
    }
}

/// What happened to a received record. Every one ends in exactly one of these
/// (received = processed + duplicate + unfinished + late + quarantined + shed + denied).
public enum Outcome: UInt8, CaseIterable, BitwiseCopyable, Sendable {
    case undecided, processed, duplicate, unfinished, late, quarantined, shed, denied

    public var name: String { String(describing: self) }
}

/// Something kept, but cut, dropped or odd; counted so that no loss is silent.
public enum Note: UInt8, CaseIterable, Sendable {
    case valueClipped, attributesDropped, badNumber, redacted, timeClamped, argumentsUnobservable
    case resultUnobservable, duplicateKey, serverSideCall, unpricedTokens, absurdCost, sourcesDisagree, assessmentsDropped

    public var name: String {
        switch self {
        case .valueClipped: "value_clipped"
        case .attributesDropped: "attributes_dropped"
        case .badNumber: "bad_number"
        case .redacted: "redacted"
        case .timeClamped: "time_clamped"
        case .argumentsUnobservable: "arguments_unobservable"
        case .resultUnobservable: "result_unobservable"
        case .duplicateKey: "duplicate_key"
        case .serverSideCall: "server_side_call"
        case .unpricedTokens: "unpriced_tokens"
        case .absurdCost: "absurd_cost"
        case .sourcesDisagree: "sources_disagree"
        case .assessmentsDropped: "assessments_dropped"
        }
    }
}

/// Why an episode ended.
public enum ResolveReason: UInt8, Sendable {
    case quiet, evicted

    public var name: String { String(describing: self) }
}
