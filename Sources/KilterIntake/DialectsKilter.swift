/// Kilter's own attributes (contract, section 3). They win over every convention.
enum KilterDialect {
    static let aliases: [Alias] = [
        Alias("kilter.tool.args_hash", .argumentsHash, Rank.kilter),
        Alias("kilter.tool.result_hash", .resultHash, Rank.kilter),
        Alias("kilter.tool.args_chars", .argumentsCharacters, Rank.kilter),
        Alias("kilter.tool.result_chars", .resultCharacters, Rank.kilter),
        Alias("kilter.sender.name", .sender, Rank.kilter),
        Alias("kilter.phase", .phase, Rank.kilter),
        Alias("kilter.message.sha256", .messageDigest, Rank.kilter),
        Alias("kilter.message.simhash64", .messageSimilarity, Rank.kilter),
        Alias("kilter.message.chars", .messageCharacters, Rank.kilter),
        Alias("kilter.message.text", .messageText, Rank.kilter),
        Alias("kilter.tenant", .tenant, Rank.kilter),
        Alias("kilter.department", .department, Rank.kilter),
        Alias("kilter.workflow", .workflow, Rank.kilter),
        Alias("kilter.version", .agentVersion, Rank.kilter),
        Alias("kilter.blocked_by", .blockedBy, Rank.kilter),
        Alias("kilter.embedding", .embedding, Rank.kilter),
        Alias("kilter.cost_microdollars", .cost, Rank.kilter),
    ]
}
