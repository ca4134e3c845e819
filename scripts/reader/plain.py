"""Plain questions: fifty with a checkable answer for before and after, others to keep abilities."""

from __future__ import annotations

import re
from random import Random

# question | what a right answer matches
FIFTY: tuple[tuple[str, str], ...] = tuple(
    (line.split(" | ")[0], line.split(" | ")[1])
    for line in """\
What is the capital of France? | paris
What is the capital of Japan? | tokyo
What is the capital of Italy? | rome
What is the largest planet in our solar system? | jupiter
Which planet is known as the Red Planet? | mars
What is the chemical symbol for gold? | \\bau\\b
What is the chemical formula of water? | h2o|h₂o
How many days are there in a week? | seven|\\b7\\b
How many months are in a year? | twelve|\\b12\\b
How many continents are there? | seven|\\b7\\b
Who wrote Romeo and Juliet? | shakespeare
Who painted the Mona Lisa? | leonardo|da vinci
Who was the first president of the United States? | washington
Who developed the theory of relativity? | einstein
Who discovered gravity when an apple fell? | newton
What is 2 + 2? | \\b4\\b|four
What is 5 times 3? | \\b15\\b|fifteen
What is 10 minus 4? | \\b6\\b|six
What is half of 20? | \\b10\\b|ten
What is the opposite of hot? | cold
What is the opposite of up? | down
What is the past tense of go? | went
What is the plural of mouse? | mice
What colour do you get when you mix blue and yellow? | green
What colour is the sky on a clear day? | blue
What do bees make? | honey
What do cows drink? | water|milk
What animal says meow? | cat
What is a baby dog called? | pupp
What gas do plants take in for photosynthesis? | carbon dioxide|co2
What gas do humans need to breathe? | oxygen
At what temperature does water freeze in Celsius? | \\b0\\b|zero|32
At what temperature does water boil in Celsius? | 100
What is the tallest mountain on Earth? | everest
What is the longest river in Africa? | nile
Which ocean is the largest? | pacific
In which country are the pyramids of Giza? | egypt
In which city is the Eiffel Tower? | paris
What language is spoken in Brazil? | portuguese
What currency is used in Japan? | yen
In what year did World War II end? | 1945
In what year did the first human land on the Moon? | 1969
Name three primary colours. | red
Write one sentence about a dog. | dog
Write a short greeting for a friend. | hi|hello|dear|hey|hope|friend|wish
Translate "hello" into French. | bonjour|salut
Translate "thank you" into Spanish. | gracias
Explain in one sentence what a computer is. | comput|machine|device
Give me two tips for sleeping better. | sleep|bed
What is the boiling of an egg good for in cooking? | egg""".splitlines()
)

_TOPICS = (
    "gravity,photosynthesis,the water cycle,democracy,inflation,a black hole,DNA,evolution,electricity,"
    "the internet,machine learning,volcanoes,earthquakes,the heart,vaccines,sleep,exercise,healthy food,"
    "budgeting,saving money,a mortgage,interest,taxes,a contract,a lease,copyright,the stock market,"
    "supply and demand,the Roman Empire,the French Revolution,the Renaissance,ancient Egypt,jazz music,"
    "painting,poetry,chess,football,swimming,cycling,cooking rice,baking bread,making tea,gardening,"
    "keeping a dog,learning a language,public speaking,time management,teamwork,leadership,a job interview,"
    "writing a letter,climate change,recycling,solar power,wind energy,the ocean,rain forests,deserts,"
    "whales,bees,dinosaurs,stars,the Moon,space travel,robots,bicycles,trains,bridges,clocks,maps,"
    "libraries,schools,friendship,kindness,patience,courage,travel,winter,summer,mountains,rivers"
).split(",")
_FORMS = (
    "What is {t}?",
    "Explain {t} in simple words.",
    "Explain {t} to a child.",
    "Write a short paragraph about {t}.",
    "Give me three facts about {t}.",
    "Why is {t} important?",
    "Write a two-line poem about {t}.",
    "List five words that have to do with {t}.",
    "How would you describe {t} to a friend?",
    "What should a beginner know about {t}?",
)
_OTHERS = (
    "Hello!|Hi, how are you?|Who are you?|What can you do?|Thank you!|Good morning|Tell me a joke.|"
    "Write a haiku.|Tell me a short story about a lost key.|Write a polite email asking for a day off.|"
    "Rewrite this more politely: Send me the report now.|Correct this sentence: He go to school yesterday.|"
    "Summarize: The cat sat on the mat because it was warm and the sun was shining on it.|"
    "Write a Python function that adds two numbers.|Write a Python loop that prints 1 to 5.|"
    "What is a variable in programming?|What does HTML stand for?|Sort these numbers: 5, 2, 9, 1.|"
    "Which is bigger, 7 or 12?|What comes after Wednesday?|Spell the word necessary.|"
    "Give a synonym of happy.|Give an antonym of early.|Make a shopping list for a salad.|"
    "Plan a simple breakfast.|Suggest a name for a cat.|你好|你是谁？|谢谢你。|什么是水？|写一句问候语。|"
    "法国的首都是哪里？|用一句话介绍北京。|一年有几个月？"
).split("|")


def is_right(answer: str, expected: str) -> bool:
    """Whether an answer to one of the fifty holds what it must."""
    return re.search(expected, answer, re.IGNORECASE) is not None


def others(chance: Random, number: int) -> list[str]:
    """Questions that are not among the fifty."""
    fifty = {question for question, _ in FIFTY}
    made = [form.format(t=topic) for form in _FORMS for topic in _TOPICS]
    for a in range(2, 30):
        b = chance.randint(2, 30)
        made += [f"What is {a} + {b}?", f"What is {a} times {b}?", f"What is {a + b} minus {b}?"]
    chance.shuffle(made)
    return [question for question in [*_OTHERS, *made] if question not in fifty][:number]
