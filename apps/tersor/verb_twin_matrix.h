// `tersor twin run` of a matrix, and `tersor twin demo`.
#ifndef TERSOR_APPS_TERSOR_VERB_TWIN_MATRIX_H_
#define TERSOR_APPS_TERSOR_VERB_TWIN_MATRIX_H_

#include <string>

#include "cli.h"

namespace tersor::cli {

/// Whether a file is a matrix of scenarios (twin/matrix/matrix.h).
bool IsTwinMatrix(const std::string& path);

/// Runs this rank's share of the cells that are missing; whoever comes last draws the report.
/// `traffic` stands above the file's unless it is empty.
int RunTwinMatrix(const std::string& path, const std::string& traffic, const std::string& output,
                  const CommonOptions& common);

int RunTwinDemo(int argc, char** argv);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_VERB_TWIN_MATRIX_H_
