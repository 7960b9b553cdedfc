// What the signals show: the letter of every link at a time.
#ifndef TERSOR_TWIN_SIGNALS_H_
#define TERSOR_TWIN_SIGNALS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "tersor/twin/network.h"

namespace tersor::twin {

class LinkSignals {
 public:
  /// Throws Error where a connection's index lies beyond its signal's letters.
  explicit LinkSignals(const Network& network);

  /// Puts every signal into its phase at `time`, in seconds.
  void Set(double time);

  /// Of links without a signal: that of the network, such as M major or m minor.
  char letter(int32_t link) const { return letters_[static_cast<size_t>(link)]; }
  bool Red(int32_t link) const { return letter(link) == 'r' || letter(link) == 'u'; }
  bool Yellow(int32_t link) const { return letter(link) == 'y' || letter(link) == 'Y'; }
  bool Major(int32_t link) const {
    return letter(link) >= 'A' && letter(link) <= 'Z' && letter(link) != 'Z';
  }
  /// A vehicle has to stand before it may go on.
  bool MustStop(int32_t link) const { return letter(link) == 's' || letter(link) == 'w'; }

  std::string_view state(int32_t signal) const;

 private:
  const Network* network_;
  std::vector<char> letters_;
  std::vector<int32_t> phase_;               // of each signal
  std::vector<std::vector<int32_t>> links_;  // of each signal
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_SIGNALS_H_
