import KilterVocabulary

/// Claim: a rate or a value of an agent jumped, and by much: errors from 2 % to 50 %, answers ten times as slow.
///
/// Evidence: that of `Drift`, where the alternative that wins is 2.4 logits or standard deviations off. A share of its own it
/// has not: the large alternatives are a part of each stream's. Errors of .02 to .5 show within 13 observations at one false
/// alarm in a million.
enum Burst {
    /// The size from which a change is a burst, in logits or standard deviations.
    private static let size = 2.4

    static func isBurst(_ alternative: Double) -> Bool { alternative.magnitude >= size }
}
