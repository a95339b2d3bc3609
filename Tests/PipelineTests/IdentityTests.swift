import Foundation
import KilterEngine
import KilterVocabulary
import Testing

@Suite("Identity from the configuration")
struct IdentityTests {
    private static let configuration = """
        identity:
          - {for: {service: "billing"}, agent: [billing.bot], tenant: [acme.customer]}
          - {for: {service: "claims-*"}, agent: [claims.role]}
          - aliases: {agent: {"Refund Bot": refund-bot, "refund_bot_*": refund-bot}}
        """

    /// Twelve times the same call with the same result, by one service.
    private static func stream(_ service: String, trace: Int, agent: (Int) -> (String, String)) -> [String] {
        func attribute(_ key: String, _ value: String) -> String { "{\"key\":\"\(key)\",\"value\":{\"stringValue\":\"\(value)\"}}" }
        return (1...12).map { number in
            let (key, name) = agent(number)
            let start = 1_790_000_000_000_000_000 + UInt64(trace * 60 + number) * 1_000_000_000
            let attributes = [
                attribute("gen_ai.operation.name", "execute_tool"), attribute("gen_ai.tool.name", "lookup"),
                attribute("gen_ai.tool.call.arguments", "{\\\"id\\\":7}"), attribute("gen_ai.tool.call.result", "nothing"),
                attribute(key, name),
                attribute("acme.customer", "north"),
            ]
            return "{\"resourceSpans\":[{\"resource\":{\"attributes\":[\(attribute("service.name", service))]},\"scopeSpans\":[{\"spans\":["
                + "{\"traceId\":\"000000000000000000000000000000a\(trace)\",\"spanId\":\"00000000000\(trace)00\(10 + number)\","
                + "\"name\":\"execute_tool lookup\",\"startTimeUnixNano\":\"\(start)\",\"endTimeUnixNano\":\"\(start + 500_000_000)\","
                + "\"attributes\":[\(attributes.joined(separator: ","))]}]}]}]}"
        }
    }

    private static let stream: [UInt8] = {
        let lines =
            stream("billing", trace: 1) { ("billing.bot", $0 % 2 == 0 ? "Refund Bot" : "refund_bot_\($0)") }
            + stream("claims-eu", trace: 2) { _ in ("claims.role", "triage") }
            + stream("other", trace: 3) { _ in ("gen_ai.agent.name", "Refund Bot") }
        return Array(lines.joined(separator: "\n").utf8)
    }()

    private func subjects(_ settings: Settings, workers: Int = 1) throws -> Set<String> {
        let said = try Run.replay(Self.stream, settings: settings, workers: workers)
        return Set(
            said.events.filter { $0.contains("\"detector\":\"repeated_call\"") }.compactMap { event in
                event.components(separatedBy: "\"subject\":\"").last?.components(separatedBy: "\"").first
            })
    }

    @Test("Services that name their agents differently give the configured agents")
    func subjects() throws {
        let settings = try Configuration.parse(Self.configuration, file: "kilter.yaml").settings
        let expected: Set = [
            "north/unknown/billing/refund-bot", "default/unknown/claims-eu/triage", "default/unknown/other/refund-bot",
        ]
        #expect(try subjects(settings) == expected)
        #expect(try subjects(settings, workers: 3) == expected)
    }

    @Test("Without the configuration they are known by what the dialects find")
    func subjectsWithout() throws {
        let expected: Set = [
            "default/unknown/billing/billing", "default/unknown/claims-eu/claims-eu", "default/unknown/other/Refund%20Bot",
        ]
        #expect(try subjects(Settings()) == expected)
    }
}
