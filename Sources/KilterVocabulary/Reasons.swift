/// Why a record or a payload was refused. A closed set; the raw values index counters, the names are public.
public enum QuarantineReason: UInt8, CaseIterable, Sendable {
    case malformedFrames, unsupportedSignal, unsupportedEncoding, badCompression, payloadTooLarge
    case malformedJSON, malformedProtobuf, notOTLP, invalidUTF8, tooDeep, tooManyAttributes
    case invalidTraceID, invalidSpanID, tenantLimit, unsupportedTime, badField

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
        case .badField: "bad_field"
        }
    }
}

extension QuarantineReason {
    /// The reason in words, for whoever sent it.
    public var explanation: String {
        switch self {
        case .malformedFrames: "the message is not topic, header and payload"
        case .unsupportedSignal: "only traces and logs are taken"
        case .unsupportedEncoding: "only OTLP protobuf and OTLP JSON are taken"
        case .badCompression: "the body is not what its compression says, or is damaged"
        case .payloadTooLarge: "the body is larger than \(Limits.inflatedBytesMax >> 20) MiB, as sent or after decompression"
        case .malformedJSON: "the body is not JSON"
        case .malformedProtobuf: "the body is not protobuf"
        case .notOTLP: "the body is not an OTLP request of this signal"
        case .invalidUTF8: "a text is not UTF-8"
        case .tooDeep: "a value is nested deeper than \(Limits.valueDepthMax) levels"
        case .tooManyAttributes: "a record has more than \(Limits.attributesMax) attributes"
        case .invalidTraceID: "a trace id is not 16 bytes, or all zero"
        case .invalidSpanID: "a span id is not 8 bytes, or all zero"
        case .tenantLimit: "there are \(Limits.tenantsMax) tenants already"
        case .badField: "a field of a record is not what OTLP/JSON says it is, such as a time that is no number"
        case .unsupportedTime: "a time lies beyond the year 2262"
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
    case embeddingUnreadable

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
        case .embeddingUnreadable: "embedding_unreadable"
        }
    }
}

/// Why an episode ended.
public enum ResolveReason: UInt8, Sendable {
    case quiet, evicted, heardAgain

    public var name: String {
        switch self {
        case .quiet: "quiet"
        case .evicted: "evicted"
        case .heardAgain: "heard_again"
        }
    }
}
