//! Two models and two roles to choose from, with prices, where the model is a stand-in.

use std::fs;
use std::path::{Path, PathBuf};

use sandbox::Model;

use super::{Outcome, place};

/// In what people read, `language` says which of the two texts it is.
const CATALOGUE: &str = r#"
[endpoints.stand-in]
url = URL
key = "OPENROUTER_API_KEY"

[models.quick]
name = "Быстрая|Quick"
words = "отвечает сразу и стоит мало|answers at once and costs little"
model = "stand-in/quick"
price = { input = 0.25, output = 2 }

[models.thorough]
name = "Вдумчивая|Thorough"
words = "думает дольше и стоит больше|thinks longer and costs more"
model = "stand-in/thorough"
effort = "medium"
efforts = ["low", "medium", "high"]
price = { input = 3, output = 15 }

[roles.nutritionist]
name = "Нутрициолог|Nutritionist"
prompt = NUTRITIONIST

[roles.storyteller]
name = "Рассказчик|Storyteller"
words = "Рассказываю истории.|I tell stories."
prompt = "storyteller.txt"
"#;

/// Writes the catalogue, and returns where it is.
pub(super) fn write(folder: &Path, model: &Model, language: &str) -> Outcome<PathBuf> {
    let nutritionist = place::checkout().join("prompts/nutritionist.txt");
    let spoken = |line: &str| match (line.split_once(" = \""), line.split_once('|')) {
        (Some((key, _)), Some((_, english))) if language == "en" => format!("{key} = \"{english}"),
        (_, Some((russian, _))) => format!("{russian}\""),
        _ => line.to_owned(),
    };
    let text: Vec<_> = CATALOGUE.lines().map(spoken).collect();
    let text = text.join("\n").replace("URL", &format!("{:?}", model.url()));
    let path = folder.join("choices.toml");
    fs::write(&path, text.replace("NUTRITIONIST", &format!("{:?}", nutritionist.display().to_string())))?;
    fs::write(folder.join("storyteller.txt"), "You tell stories.\n")?;
    Ok(path)
}
