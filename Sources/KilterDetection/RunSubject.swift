import KilterState
import KilterVocabulary

/// Whose run it is that findings are about: an agent's, or one that stands for those of a group.
struct RunSubject {
    var agentKey: UInt64
    var tenant: NameHash
    var environment: NameHash
    var service: NameHash
    var agent: NameHash
    var requestModel: NameHash
    var trace: TraceID
    var lastSpan: UInt64
    var thresholdSet: UInt16

    init(_ tally: borrowing RunTally) {
        agentKey = tally.agentKey
        (tenant, environment, service, agent) = (tally.tenant, tally.environment, tally.service, tally.agent)
        requestModel = tally.requestModel
        (trace, lastSpan) = (tally.trace, tally.lastSpan)
        thresholdSet = tally.thresholdSet
    }

    init(_ run: borrowing GroupRun) {
        let isService = run.kind == .service
        agentKey = run.groupKey
        (tenant, environment, service, agent) = (run.tenant, isService ? run.environment : 0, isService ? run.service : 0, 0)
        requestModel = isService ? 0 : run.model
        (trace, lastSpan) = (run.trace, run.span)
        thresholdSet = run.thresholdSet
    }
}
