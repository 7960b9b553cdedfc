// What the tests of the command share: where it is, text to learn, failures, kills.
#ifndef TERSOR_TESTS_APPS_TERSOR_COMMAND_H_
#define TERSOR_TESTS_APPS_TERSOR_COMMAND_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test_files.h"

namespace tersor::testing {

inline const std::string kTersor = TERSOR_BIN_DIR "/tersor ";

/// Text of which a byte model learns something within some dozen steps.
inline std::string CountingLines(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) {
    text += "Line " + std::to_string(i * i % 97) + " says " + std::to_string(i % 7) + ".\n";
  }
  return text;
}

/// The command fails with this code and one line that has these parts.
inline void ExpectFailure(const std::string& command, int code,
                          const std::vector<std::string>& parts) {
  const CommandResult result = RunCommand(command);
  EXPECT_EQ(result.code, code) << command << "\n" << result.error;
  const size_t at = result.error.find("error: ");
  ASSERT_NE(at, std::string::npos) << command << "\n" << result.error;
  const std::string line = result.error.substr(at);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  for (const std::string& part : parts) {
    EXPECT_NE(line.find(part), std::string::npos) << line << "lacks: " << part;
  }
}

/// Runs the command and sends it the signal once `condition`, a shell command, holds.
inline CommandResult SignalWhen(const std::string& condition, const std::string& signal,
                                const std::string& command) {
  return RunCommand(command + " & pid=$!; until " + condition + "; do sleep 0.01; done; kill -" +
                    signal + " $pid; wait $pid");
}

/// Runs a training and kills it once a checkpoint of step 20 or later is in its folder.
inline void KillInMidTraining(const std::string& command, const std::string& folder) {
  SignalWhen("grep -qs '\"step\": \\([2-9].\\|[1-9]..\\)' " + folder + "/last/training_state.json",
             "KILL", command);
}

}  // namespace tersor::testing

#endif  // TERSOR_TESTS_APPS_TERSOR_COMMAND_H_
