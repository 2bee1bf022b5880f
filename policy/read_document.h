// From the tree of a file to its Document: structure, types, unknown keys, names, bounds. Used by parse.cc.
#pragma once

#include <string_view>
#include <vector>

#include "policy/diagnostic.h"
#include "policy/document.h"
#include "policy/tree.h"

namespace confide::policy {

struct Reading {
  Document document;                    // whole only where `diagnostics` is empty
  std::vector<Diagnostic> diagnostics;  // in the file's order
};

Reading read_document(const Node& root, std::string_view file, Role role);

}  // namespace confide::policy
