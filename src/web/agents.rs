//! stub
#[derive(Debug)]
pub struct Agents;
impl Agents {
    pub fn new() -> Self {
        Self
    }
}
#[derive(Debug, Clone, Copy)]
pub enum Ignored {
    Head,
    Prefetch,
    Preview,
}
impl Ignored {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Prefetch => "prefetch",
            Self::Preview => "preview",
        }
    }
}
pub fn ignored_reason<'a>(
    head: bool,
    _h: impl Fn(&str) -> Option<&'a str>,
    _a: &Agents,
) -> Option<Ignored> {
    head.then_some(Ignored::Head)
}
