// The schema of policy files as JSON Schema (draft 2020-12), made from the table of keys that parsing uses. For editors
// (`confide policy schema > confide.schema.json`); parse() says more than a schema can.
#pragma once

#include <string>

namespace confide::policy {

std::string schema_json();

}  // namespace confide::policy
