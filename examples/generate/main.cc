// Continues a text: generate MODEL PROMPT
#include <exception>
#include <iostream>

#include "tersor/runtime/engine.h"

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::cerr << "usage: generate MODEL PROMPT\n";
    return 2;
  }
  const auto engine = tersor::runtime::Engine::Load(argv[1]);
  tersor::runtime::GenerateOptions options;
  options.max_tokens = 50;
  std::cout << engine->Generate(engine->Encode(argv[2]), options).text << "\n";
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
