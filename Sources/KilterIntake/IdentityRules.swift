/// Which attributes name agents, tenants, departments and versions beyond those the dialects know.
public struct IdentityRules: Sendable, Equatable {
    public init() {}
}
