//! The commands of TeX that are no more than a sign.

/// Signs that stand between two things, with space around them.
#[rustfmt::skip]
const RELATIONS: [(&str, &str); 41] = [
    ("to", "→"), ("rightarrow", "→"), ("longrightarrow", "⟶"), ("Rightarrow", "⇒"), ("Longrightarrow", "⟹"),
    ("implies", "⟹"), ("leftarrow", "←"), ("gets", "←"), ("Leftarrow", "⇐"), ("leftrightarrow", "↔"),
    ("Leftrightarrow", "⇔"), ("iff", "⟺"), ("mapsto", "↦"), ("uparrow", "↑"), ("downarrow", "↓"),
    ("rightleftharpoons", "⇌"), ("times", "×"), ("cdot", "·"), ("div", "÷"), ("pm", "±"), ("mp", "∓"),
    ("approx", "≈"), ("sim", "∼"), ("equiv", "≡"), ("ne", "≠"), ("neq", "≠"), ("le", "≤"), ("leq", "≤"),
    ("ge", "≥"), ("geq", "≥"), ("ll", "≪"), ("gg", "≫"), ("propto", "∝"), ("in", "∈"), ("notin", "∉"),
    ("subset", "⊂"), ("cup", "∪"), ("cap", "∩"), ("land", "∧"), ("lor", "∨"), ("perp", "⊥"),
];

/// Signs that stand for themselves.
#[rustfmt::skip]
const SIGNS: [(&str, &str); 47] = [
    ("degree", "°"), ("infty", "∞"), ("ldots", "…"), ("dots", "…"), ("cdots", "⋯"), ("angle", "∠"),
    ("triangle", "△"), ("forall", "∀"), ("exists", "∃"), ("neg", "¬"), ("emptyset", "∅"),
    ("checkmark", "✓"), ("alpha", "α"), ("beta", "β"), ("gamma", "γ"), ("delta", "δ"), ("epsilon", "ϵ"),
    ("varepsilon", "ε"), ("zeta", "ζ"), ("eta", "η"), ("theta", "θ"), ("iota", "ι"), ("kappa", "κ"),
    ("lambda", "λ"), ("mu", "μ"), ("nu", "ν"), ("xi", "ξ"), ("pi", "π"), ("rho", "ρ"), ("sigma", "σ"),
    ("tau", "τ"), ("phi", "φ"), ("varphi", "φ"), ("chi", "χ"), ("psi", "ψ"), ("omega", "ω"), ("Gamma", "Γ"),
    ("Delta", "Δ"), ("Theta", "Θ"), ("Lambda", "Λ"), ("Xi", "Ξ"), ("Pi", "Π"), ("Sigma", "Σ"), ("Phi", "Φ"),
    ("Psi", "Ψ"), ("Omega", "Ω"), ("ell", "ℓ"),
];

/// The sign of a command that stands between two things.
pub(super) fn relation(name: &str) -> Option<&'static str> {
    RELATIONS.iter().find(|(known, _)| *known == name).map(|(_, sign)| *sign)
}

/// The sign of a command that stands for itself.
pub(super) fn sign(name: &str) -> Option<&'static str> {
    SIGNS.iter().find(|(known, _)| *known == name).map(|(_, sign)| *sign)
}

/// Whether the name of such a command begins so.
pub(super) fn is_begun(name: &str) -> bool {
    RELATIONS.iter().chain(&SIGNS).any(|(known, _)| known.starts_with(name))
}
