import KilterMath
import KilterVocabulary

extension MixStream {
    /// A category with how often it was chosen.
    public struct Share: Sendable {
        /// Zero for all that have no place of their own.
        public let category: UInt64
        /// Of a category that is a step from one tool to another, both; else zero.
        public let origin: NameHash, target: NameHash
        public let count: UInt32
    }

    /// All categories that were chosen, in the order in which they first were.
    public var shares: [Share] {
        (0...Self.categoriesMax).compactMap { place in
            guard counts[place] > 0 else { return nil }
            let isNamed = place < Self.categoriesMax
            return Share(
                category: isNamed ? categories[place] : 0, origin: isNamed ? origins[place] : 0, target: isNamed ? targets[place] : 0,
                count: counts[place])
        }
    }
}

extension AgentBaseline {
    /// The latest epoch of a version, where it is one of those that were seen last.
    public func epoch(of version: NameHash) -> UInt32? {
        // A declared change begins an epoch of the same version.
        let identities = [declared.change, declared.changeBefore].map { StableHash.combine(version, $0.identity) } + [version]
        return identities.lazy.compactMap { identity in
            (0..<Int(min(versionCount, 6))).first { versions[$0] == identity }.map { versionEpochs[$0] }
        }.first
    }
}
