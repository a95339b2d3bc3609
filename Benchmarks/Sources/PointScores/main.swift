import Foundation

// One series of the Numenta Anomaly Benchmark from standard input, `timestamp,value` a line; to standard output a line of scores
// in 0...1 for each row, under the head that names them. A row is scored from itself and those before it, and nothing is fitted to
// a file: the parameters are the constants of this program.

print(PointScore.columns.joined(separator: ","))
var scores = PointScore()
while let line = readLine() {
    // The head of the file is no row.
    guard let row = Row(line) else { continue }
    print(scores.next(row).map { "\($0)" }.joined(separator: ","))
}
