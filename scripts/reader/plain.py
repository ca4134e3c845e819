"""Plain questions: fifty with a checkable answer, for before and after."""

from __future__ import annotations

import re

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


def is_right(answer: str, expected: str) -> bool:
    """Whether an answer to one of the fifty holds what it must."""
    return re.search(expected, answer, re.IGNORECASE) is not None
