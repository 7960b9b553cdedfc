// The loop on a model that takes milliseconds: learning, resuming, averaging, stopping.
#include "tersor/train/trainer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "tersor/io/safetensors.h"
#include "tersor/train/metrics_log.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::train {
namespace {

io::ModelConfig TinyShape() {
  io::ModelConfig c;
  c.vocab_size = 17;
  c.hidden_size = 16;
  c.intermediate_size = 24;
  c.num_hidden_layers = 2;
  c.num_attention_heads = 2;
  c.num_key_value_heads = 1;
  c.head_dim = 8;
  c.max_position_embeddings = 12;
  c.tie_word_embeddings = true;
  return c;
}

/// Counting modulo the vocabulary from a start that depends on the sample: easy to learn.
class Counting : public BatchSource {
 public:
  Batch Get(int64_t first, int64_t count) const override {
    Batch batch{at::empty({count, 12}, at::kLong), at::empty({count, 12}, at::kLong)};
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t t = 0; t < 12; ++t) {
        batch.inputs[i][t] = ((first + i) * 5 + t) % 17;
        batch.targets[i][t] = ((first + i) * 5 + t + 1) % 17;
      }
    }
    return batch;
  }
  int64_t samples_per_epoch() const override { return 17; }
};

/// A run in a folder, with everything it needs.
struct Fixture {
  explicit Fixture(const std::string& folder, TrainerConfig config, uint64_t seed = 1)
      : model(model::MakeLanguageModel(TinyShape())), objective(*model) {
    model->InitWeights(seed);
    TrainTask task;
    task.parameters = model->Parameters();
    task.objective = &objective;
    task.source = &source;
    task.evaluate = [this] {
      const at::NoGradGuard no_grad;
      const Objective::Result result = objective.Loss(source.Get(0, 17), Rng(0));
      return Evaluation{result.nll_sum / result.weight, Json::object()};
    };
    task.write_files = [](const std::string&, io::Dtype) {};
    Schema schema;
    static TrainerConfig shown;
    shown = config;
    shown.AddFields(schema);
    trainer = std::make_unique<Trainer>(config, std::move(task), *communicator, folder,
                                        schema.ToJson(), seed);
  }

  std::unique_ptr<Communicator> communicator = MakeSingleProcess();
  std::unique_ptr<model::LanguageModel> model;
  LikelihoodObjective objective;
  Counting source;
  std::unique_ptr<Trainer> trainer;
};

TrainerConfig Config(int64_t steps) {
  TrainerConfig config;
  config.steps = steps;
  config.batch_size = 4;
  config.schedule.learning_rate = 1e-2;
  config.schedule.warmup_steps = 5;
  config.eval_every = 10;
  config.save_every = 10;
  return config;
}

std::string Weights(const std::string& folder) {
  return testing::Slurp(folder + "/last/model.safetensors");
}

TEST(Trainer, Learns) {
  const testing::TemporaryFolder folder;
  Fixture run(folder.path(), Config(120));
  const RunState state = run.trainer->Run();
  EXPECT_EQ(state.step, 120);
  EXPECT_LT(state.best_loss, 0.5);  // ln 17 = 2.83 at the start
  EXPECT_EQ(state.targets, 120 * 4 * 12);
  EXPECT_TRUE(std::filesystem::exists(folder / "best/model.safetensors"));
  const Json series = run.trainer->Series();
  EXPECT_EQ(series["training loss"]["y"].size(), 120u);
  EXPECT_EQ(series["validation loss"]["y"].size(), 12u);
}

TEST(Trainer, MicroBatchesGiveTheSameCurve) {
  const testing::TemporaryFolder a, b;
  TrainerConfig config = Config(20);
  Fixture(a.path(), config).trainer->Run();
  config.micro_batch = 1;
  Fixture(b.path(), config).trainer->Run();
  const std::vector<Json> whole = ReadMetrics(a / "metrics.jsonl");
  const std::vector<Json> parts = ReadMetrics(b / "metrics.jsonl");
  ASSERT_EQ(whole.size(), parts.size());
  for (size_t i = 0; i < whole.size(); ++i) {
    if (whole[i].contains("loss")) {
      EXPECT_NEAR(whole[i]["loss"].get<double>(), parts[i]["loss"].get<double>(), 1e-4);
    }
  }
}

/// Dies before a step, as a power cut would have it.
class Breaker : public Hook {
 public:
  explicit Breaker(int64_t step) : step_(step) {}
  void BeforeStep(const StepInfo& info) override {
    if (info.step == step_) {
      throw Error("pulled the plug");
    }
  }

 private:
  int64_t step_;
};

TEST(Trainer, ResumesBitForBit) {
  for (const double average : {0.0, 0.9}) {
    const testing::TemporaryFolder whole, broken;
    TrainerConfig config = Config(37);
    config.average_decay = average;
    Fixture(whole.path(), config).trainer->Run();
    {
      // Dies at step 23 after the checkpoint of step 20.
      const std::unique_ptr<model::LanguageModel> model = model::MakeLanguageModel(TinyShape());
      model->InitWeights(1);
      LikelihoodObjective objective(*model);
      const Counting source;
      Breaker breaker(23);
      const std::unique_ptr<Communicator> alone = MakeSingleProcess();
      TrainTask task;
      task.parameters = model->Parameters();
      task.objective = &objective;
      task.source = &source;
      task.write_files = [](const std::string&, io::Dtype) {};
      task.hooks = {&breaker};
      Schema schema;
      TrainerConfig shown = config;
      shown.AddFields(schema);
      Trainer trainer(config, std::move(task), *alone, broken.path(), schema.ToJson(), 1);
      EXPECT_THROW(trainer.Run(), Error);
    }
    EXPECT_EQ(Fixture(broken.path(), config).trainer->Run().step, 37);
    EXPECT_EQ(Weights(whole.path()), Weights(broken.path()));
    EXPECT_EQ(testing::Slurp(whole / "last/training_state.safetensors"),
              testing::Slurp(broken / "last/training_state.safetensors"));
  }
}

TEST(Trainer, RefusesAnotherRunsFolder) {
  const testing::TemporaryFolder folder;
  Fixture(folder.path(), Config(10)).trainer->Run();
  TrainerConfig other = Config(10);
  other.schedule.learning_rate = 5e-3;
  try {
    Fixture run(folder.path(), other);
    ADD_FAILURE() << "accepted another learning rate";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("train/lr = 0.01, now 0.005"), std::string::npos)
        << e.what();
  }
  EXPECT_EQ(Fixture(folder.path(), Config(15)).trainer->Run().step, 15);  // longer is fine
}

TEST(Trainer, StopsWhenTheLossIsNotFinite) {
  const testing::TemporaryFolder folder;
  Fixture(folder.path(), Config(10)).trainer->Run();
  const std::string before = Weights(folder.path());
  Fixture run(folder.path(), Config(20));
  {
    const at::NoGradGuard no_grad;
    run.model->Parameters()[1].value.fill_(std::numeric_limits<float>::quiet_NaN());
  }
  try {
    run.trainer->Run();
    ADD_FAILURE() << "trained on NaN";
  } catch (const Error& e) {
    const std::string what = e.what();
    EXPECT_NE(what.find("step 11"), std::string::npos) << what;
    EXPECT_NE(what.find("last (step 10)"), std::string::npos) << what;
  }
  EXPECT_EQ(Weights(folder.path()), before);
}

TEST(Trainer, ATimeBudgetBendsTheScheduleToItsEnd) {
  const testing::TemporaryFolder folder;
  TrainerConfig config = Config(1000000);
  config.max_minutes = 1.0 / 60;  // one second
  config.schedule.decay_fraction = 0.5;
  Fixture run(folder.path(), config);
  const RunState state = run.trainer->Run();
  EXPECT_LT(state.total_steps, 1000000);
  EXPECT_EQ(state.step, state.total_steps);
  // The rate has come down: the schedule decayed, it was not cut off.
  const std::vector<Json> lines = ReadMetrics(folder / "metrics.jsonl");
  double last_rate = 1;
  for (const Json& line : lines) {
    last_rate = line.value("lr", last_rate);
  }
  EXPECT_LT(last_rate, 0.5 * config.schedule.learning_rate);
}

TEST(Trainer, RefusesBadFields) {
  TrainerConfig config = Config(10);
  config.batch_size = 3;
  EXPECT_THROW(config.Validate(2), UsageError);
  config = Config(10);
  config.micro_batch = 3;
  EXPECT_THROW(config.Validate(1), UsageError);
  config = Config(10);
  config.save_dtype = "int3";
  EXPECT_THROW(config.Validate(1), UsageError);
  config = Config(0);
  EXPECT_THROW(config.Validate(1), UsageError);
}

TEST(MetricsLog, DropsWhatAResumedRunWritesAgain) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "m.jsonl";
  {
    MetricsLog log(path, 0);
    for (int step = 1; step <= 5; ++step) {
      log.Append({{"step", step}});
    }
  }
  testing::Spill(path, testing::Slurp(path) + R"({"step": 6, "lo)");  // cut by a kill
  MetricsLog log(path, 3);
  log.Append({{"step", 4}, {"again", true}});
  const std::vector<Json> lines = ReadMetrics(path);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[3].value("again", false), true);
}

}  // namespace
}  // namespace tersor::train
